"""A certificate for a server on this machine, made anew at each of its starts."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from controller.adapters.secret_store._private import write_private

if TYPE_CHECKING:
    from cryptography import x509

LIFETIME = timedelta(days=3650)
SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where the files lie; the authority's own key is thrown away."""

    authority: Path
    certificate: Path
    key: Path


def make_certificate(folder: Path, now: datetime | None = None) -> Certificate:
    """Make an authority, and a certificate of 127.0.0.1 signed by it; about 2 ms."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    start = (now or datetime.now(UTC)) - SKEW
    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Trueup embedded authority")])

    def builder(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + LIFETIME)
        )

    authority = (
        builder(issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_may_sign(), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    certificate = (
        builder(subject, server_key.public_key())
        .add_extension(address, critical=False)
        .add_extension(usage, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    made = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    write_private(made.authority, authority.public_bytes(Encoding.PEM))
    write_private(made.certificate, certificate.public_bytes(Encoding.PEM))
    write_private(
        made.key, server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return made


def _may_sign() -> "x509.KeyUsage":
    """What an authority's key is for; clients refuse one that does not say it."""
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
