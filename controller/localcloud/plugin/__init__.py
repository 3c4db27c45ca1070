"""Terraform's plugin protocol 6, spoken directly; knows nothing of the local cloud."""
