"""Databases that are asked for rows."""
