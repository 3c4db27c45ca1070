"""Whom a client trusts follows from the address, and certificates are read once."""

import ssl

from controller.tls import trust_for


def test_who_is_reached_with_tls_must_be_trusted() -> None:
    context = trust_for("https://example.com")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.cert_store_stats()["x509_ca"] > 0
    assert trust_for("https://example.org") is context


def test_without_tls_nobody_is_trusted() -> None:
    context = trust_for("http://127.0.0.1:1")
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.cert_store_stats()["x509_ca"] == 0
