"""Logins in other systems that rotate: PostgreSQL's, and some in memory."""
