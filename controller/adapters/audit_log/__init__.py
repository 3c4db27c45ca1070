"""Logs of who did what: one file for each kind of log, and one in memory."""
