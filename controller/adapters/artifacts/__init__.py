"""Content-addressed files on a disk or in memory."""
