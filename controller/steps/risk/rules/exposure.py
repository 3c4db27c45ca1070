"""What the internet may reach: ingress, public addresses, buckets, load balancers."""

from collections.abc import Iterator, Mapping, Sequence

from controller.steps.risk.findings import Change, RiskFinding
from controller.steps.risk.openings import openings
from controller.steps.risk.values import leaves

WEB_PORTS = frozenset({80, 443})
PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read", "website"})
EVERYBODY = frozenset({"allUsers", "allAuthenticatedUsers"})
BLOCKS = (
    "block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets",
)  # fmt: skip
SWITCHES: Mapping[str, tuple[object, str, str]] = {
    "publicly_accessible": (True, "public-data", "can be reached from the internet"),
    "associate_public_ip_address": (True, "public-address", "gets a public address"),
    "map_public_ip_on_launch": (True, "public-address", "gives its machines public addresses"),
    "assign_public_ip": (True, "public-address", "gets a public address"),
    "endpoint_public_access": (True, "public-address", "has an endpoint in the internet"),
    "public_network_access_enabled": (True, "public-address", "is open to public networks"),
    "allow_nested_items_to_be_public": (True, "public-data", "may hold public objects"),
    "allow_blob_public_access": (True, "public-data", "may hold public objects"),
    "ipv4_enabled": (True, "public-address", "gets a public address"),
}
"""Attribute → the value that opens something, the rule, and the words."""


def find(changes: Sequence[Change]) -> Iterator[RiskFinding]:
    """Find what is opened by a plan and was not open before."""
    for change in changes:
        if change.stays:
            yield from _switches(change)
            yield from _network(change)
            yield from _shared(change)
            yield from _load_balancer(change)
        yield from _blocks(change)


def _switches(change: Change) -> Iterator[RiskFinding]:
    was = set(leaves(dict(change.before)))
    for key, value in sorted(set(leaves(dict(change.after))), key=repr):
        switch = SWITCHES.get(key)
        if switch is None or (key, value) in was or value is not switch[0]:
            continue
        yield RiskFinding(switch[1], f"`{change.address}` {switch[2]}", change.address)


def _network(change: Change) -> Iterator[RiskFinding]:
    before = tuple(sorted(openings(change.type, change.before)))
    for opening in sorted(set(openings(change.type, change.after))):
        if opening.is_within(before):
            continue
        text = f"`{change.address}` lets in {opening.network} on {opening.ports}"
        if opening.is_public:
            is_web = opening.first == opening.last and opening.first in WEB_PORTS
            yield RiskFinding("public-web" if is_web else "public-ingress", text, change.address)
        elif not change.is_new:
            yield RiskFinding("network-wider", text, change.address)


def _shared(change: Change) -> Iterator[RiskFinding]:
    """Buckets and grants that name everybody."""
    was = set(leaves(dict(change.before)))
    for key, value in sorted(set(leaves(dict(change.after))), key=repr):
        if (key, value) in was or not isinstance(value, str):
            continue
        if (key == "acl" and value in PUBLIC_ACLS) or value.endswith("/global/AllUsers"):
            sentence = f"`{change.address}` can be read by everybody (`{value}`)"
        elif value in EVERYBODY and key in {"member", "members", "entity"}:
            sentence = f"`{change.address}` gives `{value}` a role"
        else:
            continue
        yield RiskFinding("public-data", sentence, change.address)


def _blocks(change: Change) -> Iterator[RiskFinding]:
    """The block that keeps buckets from being public."""
    if "public_access_block" not in change.type:
        return
    if not change.stays:
        sentence = f"`{change.address}` no longer keeps its bucket from being public"
        yield RiskFinding("public-data", sentence, change.address)
        return
    for key in BLOCKS:
        if change.after.get(key) is False and change.before.get(key) is not False:
            sentence = f"`{change.address}` is without `{key}`"
            yield RiskFinding("public-data", sentence, change.address)


def _load_balancer(change: Change) -> Iterator[RiskFinding]:
    if change.type not in {"aws_lb", "aws_alb", "aws_elb"}:
        return
    internal, was = change.after.get("internal"), change.before.get("internal")
    if internal is False and was is True:
        sentence = f"`{change.address}` was internal, and will face the internet"
        yield RiskFinding("public-ingress", sentence, change.address)
    elif internal is False and change.is_new:
        sentence = f"`{change.address}` is a new load balancer that faces the internet"
        yield RiskFinding("public-web", sentence, change.address)
