"""What the controller remembers, in an SQLite file or in memory."""
