"""The points of every rule, written out; `docs/policy.md` shows this table."""

from collections.abc import Mapping
from dataclasses import dataclass

AGAIN = 2
"""Points for each further finding of the same rule …"""
MOST_AGAIN = 5
"""… up to so many of them."""


@dataclass(frozen=True, slots=True)
class RiskRule:
    """What a finding of a rule weighs."""

    points: int
    title: str


RULES: Mapping[str, RiskRule] = {
    "stateful-ends": RiskRule(
        45, "a database, bucket, volume, queue, key, secret, log, zone or cache goes away or is "
        "replaced",
    ),
    "ends": RiskRule(6, "any other resource goes away, is replaced or forgotten"),
    "public-data": RiskRule(
        45, "data can be reached from the internet: a bucket, a database, a block against it",
    ),
    "public-principal": RiskRule(45, "a policy lets everybody (`*`) in, without a condition"),
    "public-ingress": RiskRule(
        35, "0.0.0.0/0, ::/0 or nearly so may come in; a load balancer turns to the internet",
    ),
    "public-web": RiskRule(8, "the internet may come in on port 80 or 443 alone"),
    "public-address": RiskRule(15, "a machine, function or endpoint gets a public address"),
    "administrator": RiskRule(
        45, "rights of an administrator: every action on everything, or a role that says so",
    ),
    "rights-wildcard": RiskRule(25, "every action of a service on every resource"),
    "rights-wider": RiskRule(15, "a policy allows more, or forbids less, than before"),
    "trust-wider": RiskRule(30, "somebody else may take a role"),
    "network-wider": RiskRule(15, "a network that could not come in before may"),
    "encryption-off": RiskRule(35, "encryption is turned off, or loses its key"),
    "unencrypted": RiskRule(15, "something new is made without encryption"),
    "protection-off": RiskRule(30, "a protection against deletion is turned off"),
    "backup-off": RiskRule(25, "versions or backups are turned off, or kept for a shorter time"),
    "log-off": RiskRule(15, "logs are turned off, or kept for a shorter time"),
    "provider-moved": RiskRule(
        45, "a provider looks elsewhere now, so that what is there may stay behind, unmanaged",
    ),
    "unknown": RiskRule(15, "an attribute that decides about the above is not known, or sensitive"),
    "sensitive": RiskRule(5, "a sensitive value changes"),
    "provisional": RiskRule(10, "the plan is provisional"),
    "dependent": RiskRule(4, "another unit depends on this one, and not everything is new"),
    "share": RiskRule(8, "more than half of the unit's resources change"),
    "size-small": RiskRule(4, "more than 10 resources change"),
    "size-medium": RiskRule(10, "more than 50 resources change"),
    "size-large": RiskRule(20, "more than 200 resources change"),
    "first": RiskRule(4, "nothing of the unit was applied before"),
    "new-type": RiskRule(2, "a type of resource that the unit never had"),
    "untried": RiskRule(8, "no earlier stage has applied this module in this form"),
}  # fmt: skip
