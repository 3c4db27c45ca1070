"""Credentials in other systems that rotate, one file for each kind, and some in memory."""
