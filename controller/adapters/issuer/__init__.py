"""Stores that make credentials for a while: OpenBao and Vault, and one in memory."""
