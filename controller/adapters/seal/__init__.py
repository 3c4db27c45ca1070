"""Seals of decision records, and the keys that they are made and checked with."""
