"""Consumers of secrets that are told of a new one, or tell that they have it."""
