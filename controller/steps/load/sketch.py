"""A document with faults → what it would be without them: so that its other faults are told too.

What is wrong is left out: a key, or the whole list that a wrong entry stands in. Where something
that is needed would be missing then, there is no sketch. Nobody but the linking may look at one.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from schemas.document import Document as DocumentModel

_ROUNDS = 3
_GONE: Final = object()


def draw(model: type[DocumentModel], value: object, error: ValidationError) -> DocumentModel | None:
    """Give the document without what `error` is about, or None."""
    for _ in range(_ROUNDS):
        for each in error.errors(include_url=False, include_input=False):
            if each["type"] == "missing":
                return None
            below = each.get("ctx", {}).get("faults", (((), ""),)) if each["type"] == "at" else ()
            for path, _words in below or (((), ""),):
                value = _without(value, (*each["loc"], *path))
        try:
            return model.model_validate(value)
        except ValidationError as again:
            error = again
    return None


def _without(value: object, path: tuple[str | int, ...]) -> object:
    """Leave out what a path leads to; steps that lead nowhere are pydantic's own.

    Gives `_GONE` when nothing of the value is left that could be used.
    """
    for number, step in enumerate(path):
        rest = path[number + 1 :]
        if isinstance(value, Mapping) and step in value:
            inner = _without(value[step], rest)
            left = {key: kept for key, kept in value.items() if key != step}
            return {**left, step: inner} if inner is not _GONE else left or _GONE
        if isinstance(value, tuple) and isinstance(step, int) and step < len(value):
            inner = _without(value[step], rest)
            return _GONE if inner is _GONE else (*value[:step], inner, *value[step + 1 :])
    return _GONE
