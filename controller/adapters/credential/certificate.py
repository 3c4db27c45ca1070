"""Certificates from a role of the PKI engine.

The private key is made here and is kept before the server is asked: signing it twice wastes a
serial number and nothing else. Whether servers have the new one is seen by a TLS handshake, if an
address is given.
"""

import asyncio
import contextlib
import ipaddress
import itertools
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from controller.adapters.credential._server import Server
from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText
from controller.model.material import Material

if TYPE_CHECKING:
    from cryptography import x509

HANDSHAKE_SECONDS = 5
RENEW_AFTER = 2 / 3
"""Of its life: so much is left when the authority is away that somebody can look."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a certificate is to say."""

    mount: str
    role: str
    name: str
    """The common name, which is one of the names it is for."""
    other_names: tuple[str, ...]
    """Further DNS names and IP addresses."""
    life: timedelta
    address: str | None = None
    """`host:port` of a server that has it, once it was reloaded."""

    @property
    def names(self) -> tuple[str, ...]:
        """All names, each once."""
        return tuple(sorted({self.name, *self.other_names}))


@dataclass(frozen=True, slots=True)
class CertificateMaker:
    """Implements `ports.credential.Maker`."""

    server: Server
    wanted: Wanted
    now: Callable[[], datetime]
    kind = "certificate"

    @property
    def proof(self) -> str:
        """Name the server where the new one is to be seen."""
        return f"tls://{self.wanted.address}" if self.wanted.address else ""

    def fits(self, material: Material) -> bool:
        """Tell whether it is for the names, and of the role, that the document says."""
        return material.facts.get("for") == self._for()

    def renew_at(self, material: Material) -> datetime | None:
        """Tell when two thirds of its life are over."""
        begins, ends = (material.facts.get(name) for name in ("issued", "ends"))
        if begins is None or ends is None:
            return None
        start = datetime.fromisoformat(begins)
        return start + (datetime.fromisoformat(ends) - start) * RENEW_AFTER

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give the certificate with its chain, and the key."""
        del previous
        certificate, chain = material.facts["certificate"], material.facts["chain"]
        return {
            "certificate": SecretText(certificate),
            "chain": SecretText(chain),
            "private_key": material.text,
            "bundle": SecretText(certificate + chain + material.text.reveal()),
        }

    async def prepare(self, generation: int, current: Material | None) -> Material:
        """Make a private key."""
        del generation, current
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        text = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        return Material("", SecretText(text), {"for": self._for(), "mount": self.wanted.mount})

    async def apply(self, prepared: Material, current: Material | None) -> Material:
        """Have the key signed; one that is signed already is left."""
        del current
        if prepared.login:
            return prepared
        names, addresses = _divided(self.wanted.other_names)
        made = await self.server.request(
            "post",
            f"{self.wanted.mount}/sign/{self.wanted.role}",
            {
                "csr": _request(prepared.text, self.wanted),
                "common_name": self.wanted.name,
                "alt_names": ",".join(names),
                "ip_sans": ",".join(addresses),
                "ttl": f"{int(self.wanted.life.total_seconds())}s",
            },
        )
        if made is None:
            raise Stalled.because(
                f"there is no role `{self.wanted.role}` at `{self.wanted.mount}`",
                code="secrets/no-role",
            )
        chain = made.get("ca_chain") or [made["issuing_ca"]]
        certificate = _pem(str(made["certificate"]))
        facts = {
            **prepared.facts,
            "certificate": certificate,
            "chain": "".join(_pem(each) for each in chain),
            "issued": self.now().isoformat(),
            "ends": _read(certificate).not_valid_after_utc.isoformat(),
        }
        return replace(prepared, login=str(made["serial_number"]), facts=facts)

    async def verify(self, material: Material) -> bool:
        """Check key, names, dates and chain, as a client would."""
        from cryptography.hazmat.primitives import serialization

        if not material.login:
            return False
        leaf, *chain = _all(material.facts["certificate"] + material.facts["chain"])
        key = serialization.load_pem_private_key(material.text.reveal().encode(), None)
        fits = key.public_key() == leaf.public_key() and set(self.wanted.names) <= _names(leaf)
        lives = leaf.not_valid_before_utc <= self.now() < leaf.not_valid_after_utc
        return fits and lives and _is_chain([leaf, *chain])

    async def still_works(self, material: Material) -> bool:
        """Look at the dates, and whether somebody revoked it."""
        return self.now() < _ends(material) and not await self._is_revoked(material)

    async def is_used(self, material: Material) -> bool:
        """Shake hands with the server: it must show this certificate, with its whole chain."""
        host, _, port = (self.wanted.address or "").rpartition(":")
        leaf = _read(material.facts["certificate"])
        context = ssl.create_default_context(cadata=material.facts["chain"])
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                _, writer = await asyncio.open_connection(
                    host, int(port), ssl=context, server_hostname=self.wanted.name
                )
        except (OSError, TimeoutError, ValueError):  # it is away, or has another: not this one
            return False
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return bool(shown == _der(leaf))

    async def end(self, old: Material, current: Material) -> None:
        """Revoke the old certificate; one that ended by itself needs it not."""
        if old.login == current.login or self.now() >= _ends(old):
            return
        if not await self._is_revoked(old):
            await self.server.request(
                "post", f"{old.facts['mount']}/revoke", {"serial_number": old.login}
            )

    async def is_dead(self, old: Material) -> bool:
        """Look whether it ended, or the authority lists it as revoked."""
        return self.now() >= _ends(old) or await self._is_revoked(old)

    async def _is_revoked(self, material: Material) -> bool:
        serial = material.login.replace(":", "-")
        found = await self.server.request("get", f"{material.facts['mount']}/cert/{serial}")
        return found is not None and int(found.get("revocation_time") or 0) > 0

    def _for(self) -> str:
        return f"{self.wanted.mount}/{self.wanted.role} {' '.join(self.wanted.names)}"


def _ends(material: Material) -> datetime:
    return datetime.fromisoformat(material.facts["ends"])


def _pem(text: str) -> str:
    return text.strip() + "\n"


def _read(pem: str) -> "x509.Certificate":
    from cryptography import x509

    return x509.load_pem_x509_certificate(pem.encode())


def _all(pem: str) -> "list[x509.Certificate]":
    from cryptography import x509

    return x509.load_pem_x509_certificates(pem.encode())


def _der(certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _is_address(name: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(name)
        return True
    return False


def _divided(names: Sequence[str]) -> tuple[list[str], list[str]]:
    addresses = [name for name in names if _is_address(name)]
    return [name for name in names if name not in addresses], addresses


def _request(key: SecretText, wanted: Wanted) -> str:
    """Write a request with all names in it: a role takes them from there, or from the fields."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = serialization.load_pem_private_key(key.reveal().encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise Stalled.because("the recorded private key cannot be read")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted.name)])
    names: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(name)) if _is_address(name) else x509.DNSName(name)
        for name in wanted.names
    ]
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    request = builder.sign(private, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def _names(certificate: "x509.Certificate") -> set[str]:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = found.get_values_for_type(x509.IPAddress)
    return {*found.get_values_for_type(x509.DNSName), *map(str, addresses)}


def _is_chain(certificates: "Sequence[x509.Certificate]") -> bool:
    """Tell whether each was signed by the next."""
    from cryptography.exceptions import InvalidSignature

    for signed, signer in itertools.pairwise(certificates):
        try:
            signed.verify_directly_issued_by(signer)
        except (InvalidSignature, TypeError, ValueError):
            return False
    return len(certificates) > 1
