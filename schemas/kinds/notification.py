"""Notification: who is told of what happens."""

from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from schemas.document import Document, Metadata, Part, only_one_of
from schemas.kinds.secret_store import Address, FilePath
from schemas.names import Name
from schemas.references import refuse_at
from schemas.values import Many

ReasonPattern = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z*?]+$")]
"""The reason of an event, or several with `*`."""


class Webhook(Part):
    """An HTTP POST with the event as JSON."""

    model_config = ConfigDict(json_schema_extra=only_one_of("address", "addressFile"))

    address: Address | None = Field(
        default=None,
        description="Where it goes. Either this or `addressFile`.",
        examples=["https://chat.example.com/hooks/platform"],
    )
    address_file: FilePath | None = Field(
        default=None,
        description="The file on the controller's machine that holds the address, where knowing "
        "it is all that is needed to write there. Either this or `address`.",
        examples=["/etc/trueup/chat-address"],
    )
    key_file: FilePath | None = Field(
        default=None,
        description="The file on the controller's machine that holds the key which the message is "
        "signed with: HMAC-SHA256 in `X-Trueup-Signature`.",
        examples=["/etc/trueup/chat-key"],
    )

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        if (self.address is None) == (self.address_file is None):
            raise ValueError("exactly one of `address`, `addressFile`")
        return self


class Log(Part):
    """The log of the controller."""


class Receiver(Part):
    """Where events go: exactly one of the ways."""

    model_config = ConfigDict(json_schema_extra=only_one_of("webhook", "log"))

    webhook: Webhook | None = Field(
        default=None,
        description="An HTTP POST with the event as JSON.",
        examples=[{"address": "https://chat.example.com/hooks/platform"}],
    )
    log: Log | None = Field(
        default=None, description="A line in the log of the controller.", examples=[{}]
    )

    @model_validator(mode="after")
    def _goes_one_way(self) -> Self:
        if (self.webhook is None) == (self.log is None):
            raise ValueError("exactly one of `webhook`, `log`")
        return self


class NotificationSpec(Part):
    """Where events go, and which."""

    to: Receiver = Field(
        description="Where the events go.",
        examples=[{"webhook": {"address": "https://chat.example.com/hooks/platform"}}],
    )
    severity: Literal["normal", "warning"] = Field(
        default="warning",
        description="`warning`: only what somebody should look at; `normal`: that and the rest.",
        examples=["warning"],
    )
    reasons: Many[ReasonPattern] = Field(
        default=(),
        description="Which reasons, as `trueup events` shows them; `*` stands for any text. "
        "Without it, all.",
        examples=[["Applied", "Drift*"]],
    )
    products: Many[Name] = Field(
        default=(),
        description="Whose events. Without it, those of all products and of the platform.",
        examples=[["shop"]],
    )

    @model_validator(mode="after")
    def _names_each_product_once(self) -> Self:
        for index, name in enumerate(self.products):
            if name in self.products[:index]:
                refuse_at(("products", index), "each product once")
        return self


class Notification(Document):
    """Who is told of what happens."""

    kind: Literal["Notification"] = Field(description="`Notification`.", examples=["Notification"])
    metadata: Metadata = Field(description="Who it is.", examples=[{"name": "team-shop-chat"}])
    spec: NotificationSpec = Field(
        description="What it is.",
        examples=[{"to": {"log": {}}, "severity": "normal", "products": ["shop"]}],
    )

    def wants(self, *, reason: str, is_warning: bool, product: str) -> bool:
        """Tell whether an event goes there; `product` is empty for events of the platform."""
        spec = self.spec
        return (
            (is_warning or spec.severity == "normal")
            and (not spec.products or product in spec.products)
            and (not spec.reasons or any(fnmatchcase(reason, each) for each in spec.reasons))
        )


def product_of(subject: str) -> str:
    """Give the product of an event's subject, as `unit:shop/dev/api`; empty for the platform."""
    kind, colon, rest = subject.partition(":")
    return rest.partition("/")[0] if colon and kind in _OF_A_PRODUCT else ""


_OF_A_PRODUCT = frozenset({"unit", "stage", "secret", "product", "release"})
