"""What the local cloud says when it cannot do what was asked."""

from __future__ import annotations


class CloudError(Exception):
    """Something was asked for that cannot be done; says why, the way out, and which attribute."""

    def __init__(self, message: str, *, hint: str = "", attribute: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.attribute = attribute

    def as_json(self) -> dict[str, object]:
        """Give the error as it travels over the socket."""
        return {"message": self.message, "hint": self.hint, "attribute": list(self.attribute)}


class CloudUnreachableError(CloudError):
    """The daemon of a root could not be started or does not answer."""
