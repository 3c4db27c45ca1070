"""Looking into values of attributes: leaves, switches, networks."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
EVERYWHERE = frozenset({"*", "any", "internet", "0.0.0.0/0", "::/0"})
NEARLY_ALL = {4: 8, 6: 16}
"""Version of IP → a shorter prefix than this is about everybody."""
ALL_PORTS = (0, 65535)


def leaves(value: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Give every value that holds no others, with the key that it stands at; lists have none."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from leaves(value[name], name)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each, key)
    else:
        yield key, value


def listed(value: object) -> tuple[object, ...]:
    """Give a value as a list: Terraform and JSON policies write one word without brackets."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (value,)


def rows(value: object) -> Iterator[dict[str, object]]:
    """Give the mappings of a block, however often it stands there."""
    yield from (each for each in listed(value) if isinstance(each, dict))


def number(value: object) -> int | None:
    """Give a whole number, also one that is written as a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """Somebody may come in: a network as it is written, and a range of ports."""

    network: str
    first: int
    last: int

    @property
    def is_public(self) -> bool:
        """Whether it is for about everybody."""
        found = _network(self.network)
        if found is None:
            return self.network.lower() in EVERYWHERE
        return found.prefixlen < NEARLY_ALL[found.version]

    @property
    def ports(self) -> str:
        """Write the ports."""
        if (self.first, self.last) == ALL_PORTS:
            return "all ports"
        return f"port {self.first}" if self.first == self.last else f"{self.first}-{self.last}"

    def is_within(self, others: Iterable["Opening"]) -> bool:
        """Tell whether one of the others lets in at least as much."""
        return any(
            other.first <= self.first
            and self.last <= other.last
            and _is_within(self.network, other.network)
            for other in others
        )


def _is_within(inner: str, outer: str) -> bool:
    if inner == outer or outer.lower() in {"*", "any"}:
        return True
    small, large = _network(inner), _network(outer)
    if isinstance(small, ipaddress.IPv4Network) and isinstance(large, ipaddress.IPv4Network):
        return small.subnet_of(large)
    if isinstance(small, ipaddress.IPv6Network) and isinstance(large, ipaddress.IPv6Network):
        return small.subnet_of(large)
    return False


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
