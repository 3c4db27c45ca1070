"""Who may come in from where, for the resources of which it is known how they say so."""

from collections.abc import Callable, Iterator, Mapping

from controller.model.plan_document import SENSITIVE
from controller.steps.risk.values import ALL_PORTS, Opening, listed, number, rows

HTTPS = 443
AWS_NETWORKS = (
    "cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6", "cidr_block", "ipv6_cidr_block",
)  # fmt: skip
Attributes = Mapping[str, object]


def openings(kind: str, attributes: Attributes) -> Iterator[Opening]:
    """Give who may come in; nothing for a resource that lets nobody in, or is not known here."""
    reader = READERS.get(kind)
    if reader is not None:
        yield from reader(attributes)


def _aws_group(attributes: Attributes) -> Iterator[Opening]:
    for row in rows(attributes.get("ingress")):
        if row.get("action") != "deny":
            yield from _aws(row)


def _aws_rule(attributes: Attributes) -> Iterator[Opening]:
    if attributes.get("type") == "ingress":
        yield from _aws(attributes)


def _aws_acl_rule(attributes: Attributes) -> Iterator[Opening]:
    if not attributes.get("egress") and attributes.get("rule_action") != "deny":
        yield from _aws(attributes)


def _aws(row: Attributes) -> Iterator[Opening]:
    first, last = number(row.get("from_port")), number(row.get("to_port"))
    protocol = str(row.get("protocol", row.get("ip_protocol", "")))
    if protocol in {"-1", "all"} or first is None or last is None or (first, last) == (0, 0):
        first, last = ALL_PORTS
    for key in AWS_NETWORKS:
        for network in listed(row.get(key)):
            if network and network != SENSITIVE:
                yield Opening(str(network), first, last)


def _eks(attributes: Attributes) -> Iterator[Opening]:
    for row in rows(attributes.get("vpc_config")):
        for network in listed(row.get("public_access_cidrs")):
            yield Opening(str(network), HTTPS, HTTPS)


def _google(attributes: Attributes) -> Iterator[Opening]:
    if attributes.get("direction") not in {None, "INGRESS"}:
        return
    ports = [
        _ports(str(text))
        for row in rows(attributes.get("allow"))
        for text in (listed(row.get("ports")) or ("0-65535",))
    ]
    for network in listed(attributes.get("source_ranges")):
        for first, last in ports:
            yield Opening(str(network), first, last)


def _azure_group(attributes: Attributes) -> Iterator[Opening]:
    for row in rows(attributes.get("security_rule")):
        yield from _azure(row)


def _azure(row: Attributes) -> Iterator[Opening]:
    if row.get("direction") != "Inbound" or row.get("access") == "Deny":
        return
    ranges = [*_both(row, "destination_port_range")]
    for network in _both(row, "source_address_prefix", "es"):
        for text in ranges:
            yield Opening(str(network), *_ports(str(text)))


def _both(row: Attributes, key: str, plural: str = "s") -> Iterator[object]:
    yield from listed(row.get(key) or None)
    yield from listed(row.get(key + plural))


def _ports(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    low, high = number(first), number(last or first)
    return ALL_PORTS if low is None or high is None else (low, high)


READERS: Mapping[str, Callable[[Attributes], Iterator[Opening]]] = {
    "aws_security_group": _aws_group,
    "aws_default_security_group": _aws_group,
    "aws_network_acl": _aws_group,
    "aws_default_network_acl": _aws_group,
    "aws_security_group_rule": _aws_rule,
    "aws_vpc_security_group_ingress_rule": _aws,
    "aws_network_acl_rule": _aws_acl_rule,
    "aws_eks_cluster": _eks,
    "google_compute_firewall": _google,
    "azurerm_network_security_rule": _azure,
    "azurerm_network_security_group": _azure_group,
}
