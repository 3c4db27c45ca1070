"""Logs: set up once, at the start of a process."""
