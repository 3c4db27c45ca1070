"""The embedded cloud: a Terraform provider and the daemon that runs what the provider asks for.

A room of its own: it imports nothing of the rest of `controller`, so that it could be shipped
alone. Three processes meet here. The *provider* (`provider.py`, `plugin/`, `resources/`) is
started by the engine for each command and speaks Terraform's plugin protocol. The *daemon*
(`daemon/`) lives as long as there is something to look after. *Clients* (`client.py`, the small
command line in `__main__.py`) speak to the daemon through a socket and import nothing heavy.
"""
