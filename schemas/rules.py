"""The rules of policy that come with Trueup: their names, and what may be set of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ParameterKind = Literal["texts", "numbers", "number"]
KIND_WORDS: Mapping[ParameterKind, str] = {
    "texts": "a list of text",
    "numbers": "a list of whole numbers",
    "number": "a whole number from 0",
}


@dataclass(frozen=True, slots=True)
class RuleParameter:
    """One thing that may be set."""

    kind: ParameterKind
    description: str
    required: bool = False

    def fits(self, value: object) -> bool:
        """Tell whether a value has the right shape."""
        if self.kind == "number":
            return _is_number(value)
        fits = _is_number if self.kind == "numbers" else _is_text
        return (
            isinstance(value, (list, tuple)) and bool(value) and all(fits(each) for each in value)
        )


@dataclass(frozen=True, slots=True)
class ShippedRule:
    """One rule: what it finds, and what may be set of it."""

    description: str
    parameters: Mapping[str, RuleParameter]


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


BUILT_IN = ("protected-stack", "too-many-deletions", "max-risk")
"""Rules about the plan as a whole."""

SHIPPED: Mapping[str, ShippedRule] = {
    "aws/no-public-ingress": ShippedRule(
        "the internet may come in on a port of administration or of a database",
        {"ports": RuleParameter("numbers", "The ports; all ports at once always count.")},
    ),
    "aws/no-public-bucket": ShippedRule(
        "a bucket may be read by everybody, or the block against it is taken away", {}
    ),
    "aws/no-public-database": ShippedRule("a database can be reached from the internet", {}),
    "aws/encryption-at-rest": ShippedRule(
        "a database, volume, file system, cache or stream is stored without encryption", {}
    ),
    "aws/protected-database": ShippedRule(
        "a database is without protection against deletion, without a last snapshot, or with too "
        "few days of backups",
        {"backupDays": RuleParameter("number", "The fewest days; 7 unless said.")},
    ),
    "aws/no-iam-wildcard": ShippedRule(
        "a policy allows every action, every action of a service on every resource, or everybody",
        {},
    ),
    "aws/tls-only": ShippedRule(
        "a load balancer serves plain HTTP instead of sending people to HTTPS, or an old TLS", {}
    ),
    "aws/log-retention": ShippedRule(
        "a log group is kept for a shorter time",
        {"days": RuleParameter("number", "The fewest days; 30 unless said.")},
    ),
    "aws/required-tags": ShippedRule(
        "something that can have tags lacks one",
        {"tags": RuleParameter("texts", "The names of the tags.", required=True)},
    ),
    "aws/allowed-regions": ShippedRule(
        "something lies in another region",
        {"regions": RuleParameter("texts", "The regions.", required=True)},
    ),
    "aws/allowed-instance-types": ShippedRule(
        "a machine, database or cache is of another type",
        {
            "types": RuleParameter(
                "texts", "The types; `*` stands for any text without a point.", required=True
            )
        },
    ),
}
"""Rules about single resources, written in Rego."""
