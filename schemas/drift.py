"""What a stack says of drift: how often it is looked for, what is done, and what is let be."""

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from schemas.document import Part
from schemas.names import Name
from schemas.values import Day, Interval, Many

_LOOKS_UNTIL_OLD = 4
"""After so many looks that should have been, the last one is too old."""
_LONGEST = 300
_ALL_TAGS = re.compile(r"^tags_all(?=$|[.\[])")
_ADDRESS = re.compile(r"(?![.])(?:[\w.*?-]|\[(?:[0-9]+|\*|\"[^\"\\{}\x00-\x1f]*\")\])+(?<![.])")
_ATTRIBUTE = re.compile(r"(?![.\[])(?:[\w.*?:/@+-]|\[(?:[0-9]+|\*)\])+(?<![.])")


def _check_address(text: str) -> str:
    if len(text) > _LONGEST or ".." in text or _ADDRESS.fullmatch(text) is None:
        raise ValueError("an address in the module, as `aws_security_group.*`")
    return text


def _check_attribute(text: str) -> str:
    if len(text) > _LONGEST or ".." in text or _ATTRIBUTE.fullmatch(text) is None:
        raise ValueError("a path of an attribute, as `tags.LastScan`, `ingress[*].description`")
    return text


def check_resource(text: str) -> str:
    """Give `text` when it may be the address of one resource; raises ValueError."""
    if {"*", "?"} & set(text) or "." not in text:
        raise ValueError("the address of one resource in the module, as `aws_s3_bucket.this`")
    return _check_address(text)


_TEXT = WithJsonSchema({"type": "string", "minLength": 1, "maxLength": _LONGEST})
AddressGlob = Annotated[str, AfterValidator(_check_address), _TEXT]
"""Addresses of resources; `*` stands for any text and `?` for one letter."""
AttributeGlob = Annotated[str, AfterValidator(_check_attribute), _TEXT]
"""Paths of attributes; `*` stands for any text and `?` for one letter."""
ResourceAddress = Annotated[str, AfterValidator(check_resource), _TEXT]
"""The address of one resource in a module."""


@lru_cache(maxsize=10_000)
def _expression(glob: str, *, below: bool = False) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    text = "".join(wild.get(each) or re.escape(each) for each in glob)
    return re.compile(text + (r"(?:[.\[].*)?" if below else ""), re.DOTALL)


class DriftIgnore(Part):
    """What may differ for now, in which resources, why, on whose word and until when."""

    resource: AddressGlob = Field(
        description="Which resources: addresses in the module; `*` stands for any text.",
        examples=["aws_security_group.*"],
    )
    attribute: AttributeGlob = Field(
        description="Which attribute, with all below it; `*` stands for any text, and alone for "
        "every attribute. That a resource is gone is never ignored.",
        examples=["tags.LastScan"],
    )
    reason: str = Field(
        min_length=10,
        description="Why it may differ, in a line that somebody else understands.",
        examples=["the scanner of the security team writes it every night"],
    )
    owner: Name = Field(description="The team that answers for it.", examples=["team-shop"])
    until: Day = Field(
        description="The last day on which it holds, in UTC and in quotes.", examples=["2027-01-31"]
    )

    def has_expired(self, today: date) -> bool:
        """Tell whether its last day is over."""
        return today > self.until

    def covers(self, address: str, attribute: str) -> bool:
        """Tell whether it is for an attribute of the resource at an address in the module."""
        if _expression(self.resource).fullmatch(address) is None:
            return False
        # The AWS provider tells of each tag twice: as it is written, and among all that hold.
        known = {attribute, _ALL_TAGS.sub("tags", attribute)}
        return any(_expression(self.attribute, below=True).fullmatch(each) for each in known)

    def __str__(self) -> str:
        return f"{self.resource} {self.attribute}"


class Drift(Part):
    """What to do when the world is not as it was applied."""

    mode: Literal["correct", "report", "off"] = Field(
        default="report",
        description="`correct` applies again, `report` tells, `off` does not look.",
        examples=["correct"],
    )
    every: Interval = Field(
        default=timedelta(minutes=10),
        description="How often to look: a duration.",
        examples=["10m"],
    )
    max_age: Interval | None = Field(
        default=None,
        description="How old the last look may be before it is a finding: a duration. Without it, "
        "four times `every`.",
        examples=["1h"],
    )
    ignore: Many[DriftIgnore] = Field(
        default=(),
        description="Attributes that may differ for now. They are shown as ignored, and neither "
        "put back nor counted.",
        examples=[
            [
                {
                    "resource": "aws_security_group.*",
                    "attribute": "tags.LastScan",
                    "reason": "the scanner of the security team writes it every night",
                    "owner": "team-shop",
                    "until": "2027-01-31",
                }
            ]
        ],
    )

    @property
    def oldest(self) -> timedelta:
        """How old the last look may be."""
        return self.max_age or self.every * _LOOKS_UNTIL_OLD


class Import(Part):
    """Something that is there already, and is to be looked after from now on."""

    environment: Name = Field(
        description="In which environment: each has things of its own.", examples=["production"]
    )
    to: ResourceAddress = Field(
        description="The address of the resource in the module.", examples=["aws_s3_bucket.this"]
    )
    id: str = Field(
        min_length=1,
        max_length=1000,
        description="What the provider calls it; taken literally.",
        examples=["shop-receipts-production"],
    )
