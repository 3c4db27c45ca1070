"""Addresses of machines."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, without asking a name server."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
