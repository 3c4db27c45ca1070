"""How one document names another from within a value: `{output: …}`, `{secret: …}`, `{path: …}`.

In the inputs of a stack, a mapping with exactly one of these keys is a reference at any depth.
`{literal: …}` gives its content as it is, for a module that itself wants such a mapping.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, NoReturn

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from schemas.names import check_name, check_path

Step = str | int
"""One step into a value: a key or an index."""
Fault = tuple[tuple[Step, ...], str]
"""What is wrong inside of a value: the path to it, and words that continue "expected …"."""


@dataclass(frozen=True, slots=True, order=True)
class FromOutput:
    """An output of another stack in the same environment: `{output: shop-db.url}`."""

    stack: str
    output: str


@dataclass(frozen=True, slots=True, order=True)
class FromSecret:
    """Where a secret of the product is delivered to: `{secret: shop-api-key}`."""

    secret: str


@dataclass(frozen=True, slots=True, order=True)
class FromPath:
    """A folder of the repository as it is at the commit: `{path: apps/shop}`."""

    path: str


AnyReference = FromOutput | FromSecret | FromPath


def read_output(text: str) -> FromOutput:
    """Read `stack.output`; raises ValueError."""
    stack, dot, output = text.partition(".")
    if not dot or not output.isidentifier():
        raise ValueError("a stack and one of its outputs, as `shop-db.url`")
    return FromOutput(check_name(stack), output)


_READERS: Mapping[str, Callable[[str], AnyReference]] = {
    "output": read_output,
    "secret": lambda text: FromSecret(check_name(text)),
    "path": lambda text: FromPath(check_path(text)),
}


def refuse_at(path: tuple[Step, ...], words: str) -> NoReturn:
    """Refuse a value for what stands at `path` inside of it; `words` continue "expected …"."""
    raise PydanticCustomError(
        "at", "expected {words}", {"faults": ((path, words),), "words": words}
    )


def read_value(raw: object) -> object:
    """Turn the references in a value into typed ones; lists become tuples.

    Raises PydanticCustomError of type `at`, with every fault and its path in the context.
    """
    faults: list[Fault] = []
    value = _read(raw, (), faults)
    _refuse(faults)
    return value


def read_entries(raw: Mapping[str, object]) -> Mapping[str, object]:
    """Do what `read_value` does with each entry; the mapping itself is never a reference."""
    faults: list[Fault] = []
    values = {key: _read(inner, (key,), faults) for key, inner in raw.items()}
    _refuse(faults)
    return values


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise PydanticCustomError(
            "at", "expected {words}", {"faults": tuple(faults), "words": faults[0][1]}
        )


def _read(raw: object, path: tuple[Step, ...], faults: list[Fault]) -> object:
    if isinstance(raw, Mapping):
        if len(raw) == 1:
            key, inner = next(iter(raw.items()))
            if key == "literal":
                return plain(inner)
            if key in _READERS:
                return _read_reference(str(key), inner, path, faults)
        return {key: _read(inner, (*path, key), faults) for key, inner in raw.items()}
    if isinstance(raw, (list, tuple)):
        return tuple(_read(inner, (*path, index), faults) for index, inner in enumerate(raw))
    return raw


def _read_reference(
    key: str, inner: object, path: tuple[Step, ...], faults: list[Fault]
) -> AnyReference | None:
    try:
        if not isinstance(inner, str):
            raise ValueError("a string")  # noqa: TRY004, TRY301 - one way out for all faults
        return _READERS[key](inner)
    except ValueError as error:
        faults.append(((*path, key), str(error)))
        return None


def plain(raw: object) -> object:
    """Give a value without looking for references; lists become tuples."""
    if isinstance(raw, Mapping):
        return {key: plain(inner) for key, inner in raw.items()}
    if isinstance(raw, (list, tuple)):
        return tuple(plain(inner) for inner in raw)
    return raw


def references_in(
    value: object, path: tuple[Step, ...] = ()
) -> Iterator[tuple[tuple[Step, ...], AnyReference]]:
    """Give every reference in a value, with the path to it, in the order they stand."""
    if isinstance(value, (FromOutput, FromSecret, FromPath)):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from references_in(inner, (*path, key))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from references_in(inner, (*path, index))


def _only(key: str) -> Callable[[object], object]:
    def read(raw: object) -> object:
        if isinstance(raw, (FromOutput, FromSecret, FromPath)):
            return raw
        if not isinstance(raw, Mapping) or list(raw) != [key]:
            raise ValueError(f"a reference such as `{{{key}: {_EXAMPLES[key]}}}`")
        return read_value(raw)

    return read


_EXAMPLES = {"output": "shop-db.url", "secret": "shop-api-key", "path": "apps/shop"}


def _json(key: str) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "object",
            "properties": {key: {"type": "string"}},
            "required": [key],
            "additionalProperties": False,
        }
    )


OutputField = Annotated[FromOutput, BeforeValidator(_only("output")), _json("output")]
"""A field that must be `{output: stack.name}`."""

SecretField = Annotated[FromSecret, BeforeValidator(_only("secret")), _json("secret")]
"""A field that must be `{secret: name}`."""


def _check_plain_or_reference(raw: object) -> object:
    if isinstance(raw, str):
        return raw
    value = read_value(raw)
    if not isinstance(value, (FromOutput, FromSecret)):
        raise ValueError("a string, `{secret: name}` or `{output: stack.name}`")  # noqa: TRY004
    return value


TextField = Annotated[
    str | FromSecret | FromOutput,
    BeforeValidator(_check_plain_or_reference),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                *(
                    {
                        "type": "object",
                        "properties": {key: {"type": "string"}},
                        "required": [key],
                        "additionalProperties": False,
                    }
                    for key in ("secret", "output")
                ),
            ]
        }
    ),
]
"""A text, or a reference to a secret or an output that gives one."""
