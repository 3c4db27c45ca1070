"""The daemon that supervises services and databases; started on demand, one for each root."""
