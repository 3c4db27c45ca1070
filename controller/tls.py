"""Whom an HTTP client trusts: to read all certificates of a machine takes 40 ms of a processor."""

import ssl
from functools import cache

import httpx


def trust_for(address: str, *, trust_env: bool = False) -> ssl.SSLContext:
    """Give what is needed to reach an address: whom httpx trusts, read once; without TLS nobody.

    With `trust_env`, the certificates that the environment names count.
    """
    return _nobody() if address.startswith("http://") else _everybody(trust_env)


@cache
def _everybody(trust_env: bool) -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=trust_env)


@cache
def _nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
