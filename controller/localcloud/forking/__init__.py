"""A provider without the time of its imports: forked off a process that has made them already.

Terraform starts a provider several times for each command, and most of what such a start costs is
reading gRPC. So the controller has one process that has read it and does nothing (`server.py`,
started by `starter.py`). What Terraform starts (`client.py`) hands its streams, its environment and
its folder to that process, which forks; so each run has a process with a configuration of its own,
as without. Where nobody forks, the provider is started as it always was.
"""
