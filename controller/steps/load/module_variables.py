"""The variables and outputs of a module, as its blocks say them."""

import re
from collections.abc import Iterator
from dataclasses import replace

from controller.diagnostics.plain import one_line
from controller.model.module import Output, Validation, Variable
from controller.steps.load.hcl import Block, unquote

LONGEST_MESSAGE = 300
_TEMPLATE = re.compile(r"[$%]\{[^}]*\}")
_STRING_OR_SPACE = re.compile(r'("(?:\\.|[^"\\])*")|(?:#[^\n]*|//[^\n]*|/\*.*?\*/|\s)+', re.DOTALL)


def read_variable(
    name: str, block: Block, known: Variable | None, file: tuple[str, str]
) -> Variable:
    """Read a variable; one in an override file changes what it names of the one that is known."""
    read = Variable(
        name=name,
        type=_type_text(block.text("type")),
        required="default" not in block.attributes,
        sensitive=block.is_true("sensitive"),
        description=block.string("description") or "",
        validations=tuple(_validations(block, *file)),
        nullable="nullable" not in block.attributes or block.is_true("nullable"),
        ephemeral=block.is_true("ephemeral"),
    )
    if known is None:
        return read
    return replace(
        known,
        type=read.type if "type" in block.attributes else known.type,
        required=known.required and read.required,
        sensitive=read.sensitive if "sensitive" in block.attributes else known.sensitive,
        description=read.description or known.description,
        nullable=read.nullable if "nullable" in block.attributes else known.nullable,
        ephemeral=read.ephemeral if "ephemeral" in block.attributes else known.ephemeral,
    )


def read_output(name: str, block: Block, known: Output | None) -> Output:
    """Read an output; one in an override file changes what it names of the known one."""
    is_sensitive, description = block.is_true("sensitive"), block.string("description") or ""
    if known is not None and "sensitive" not in block.attributes:
        is_sensitive = known.sensitive
    if known is not None and not description:
        description = known.description
    return Output(name, is_sensitive, description)


def _validations(block: Block, name: str, text: str) -> Iterator[Validation]:
    for inner in block.blocks:
        condition = inner.text("condition")
        if inner.type == "validation" and condition is not None:
            message = _words(inner.text("error_message") or "")
            yield Validation(condition, message, name, text.count("\n", 0, inner.start) + 1)


def _words(text: str) -> str:
    """Write an error message in one line, without what is filled in by templates."""
    inner = _TEMPLATE.sub("…", text.removeprefix('"').removesuffix('"'))
    words = unquote(f'"{inner}"') or inner
    return one_line(" ".join(words.split()))[:LONGEST_MESSAGE] or "a condition is false"


def _type_text(text: str | None) -> str:
    """Write a type without comments; line ends divide attributes, so they stay.

    Old quoted types lose their quotes.
    """
    if text is None:
        return "any"
    return _STRING_OR_SPACE.sub(_tidy, unquote(text) or text).strip()


def _tidy(match: re.Match[str]) -> str:
    return match[1] or ("\n" if "\n" in match[0] else " ")
