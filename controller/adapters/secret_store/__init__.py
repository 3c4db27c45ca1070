"""Stores of secrets: OpenBao or Vault over the network, an OpenBao of our own, and memory."""
