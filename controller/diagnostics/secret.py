"""A text that cannot be printed."""

from typing import Never, final


@final
class SecretText:
    """The value of a secret. It has no `str`, `repr`, `format`, pickle or JSON that shows it.

    `reveal()` is the only way to the value; a test lists who calls it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the value, to hand it to the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "SecretText(…)"

    def __str__(self) -> str:
        return "…"

    def __format__(self, format_spec: str) -> str:
        return "…"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretText) and self._text == other._text

    def __hash__(self) -> int:
        return hash(("SecretText", self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> Never:
        raise TypeError("a secret cannot be stored: keep its reference and version instead")
