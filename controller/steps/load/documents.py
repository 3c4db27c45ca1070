"""File → documents: everything that can be said of one file without looking at another."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import get_args

from pydantic import BaseModel, ValidationError

from controller.diagnostics.diagnostic import Diagnostic, Related, Severity
from controller.model.catalog import Document, Reference
from controller.model.names import Digest, is_name
from controller.steps.load.compose import Composed, compose, compose_again
from controller.steps.load.explain import describe, explain, quote
from controller.steps.load.faults import Fault
from controller.steps.load.nodes import (
    MapNode,
    Node,
    Path,
    Scalar,
    find_node,
    place_of,
    place_of_key,
    rename_key,
    value_of,
)
from controller.steps.load.plaintext import plaintext_secrets
from controller.steps.load.sheet import Sheet
from controller.steps.load.sketch import draw
from controller.steps.load.suggest import did_you_mean, one_of
from schemas.document import API_VERSION
from schemas.document import Document as DocumentModel
from schemas.kinds.stack import Stack
from schemas.migrate.step import Renamed
from schemas.migrate.table import STEPS, migrate
from schemas.registry import KINDS, OF_A_PRODUCT

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_SECOND_LOOK = frozenset({"load/duplicate-key", "load/not-finite"})
_KIND = re.compile(r"^kind:[ \t]*[\"']?([A-Za-z]+)", re.MULTILINE)
_METADATA = re.compile(r"^metadata:(.{0,2000}?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, eq=False)
class Parsed:
    """One document of a file. `model` is None when it has not the shape of its kind.

    With any diagnostic that is an error it must not be used, even when there is a model: that is
    there to be linked, so that all faults are told at once.
    """

    sheet: Sheet
    at: tuple[int, int, int] | None
    """Where its root is to be read: from, to, and which of the documents there; None without."""
    reference: Reference | None
    model: DocumentModel | None
    place: tuple[int, int]
    digest: Digest
    diagnostics: tuple[Diagnostic, ...]
    renamed: tuple[Renamed, ...] = ()
    """Keys that had other names in the version that the document was written for."""
    sketch: DocumentModel | None = None
    """What the document would be without its faults, where that can be told; only to be linked."""

    @cached_property
    def root(self) -> Node | None:
        """The values with their places.

        Read again when they are asked for, which is for faults only: kept for all documents, they
        would be most of the memory that a repository takes.
        """
        if self.at is None:
            return None
        start, end, number = self.at
        root = compose_again(self.sheet.text, start, end, number)
        for renamed in self.renamed:
            rename_key(root, renamed.above, renamed.old, renamed.new)
        return root

    @cached_property
    def document(self) -> Document | None:
        """The document for the catalog, when it has the shape of its kind."""
        if self.reference is None or self.model is None:
            return None
        return Document(self.reference, self.model, self.sheet.span(*self.place), self.digest)

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """The folders that a stack refers to."""
        return self.model.paths() if isinstance(self.model, Stack) else ()


def parse_file(path: str, content: bytes) -> tuple[Parsed, ...]:
    """Read every document of a file, with every fault that can be seen in it alone."""
    text, fault = _decode(content)
    sheet = Sheet(path, text)
    if fault is not None:
        found = _diagnostic(sheet, fault)
        return (Parsed(sheet, None, None, None, (0, 0), Digest(""), (found,)),)
    return tuple(
        _document(sheet, composed)
        for composed in compose(text)
        if composed.root is not None or composed.faults
    )


def _decode(content: bytes) -> tuple[str, Fault | None]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = content[: error.start].decode("utf-8", "replace")
        message = "the file is not UTF-8"
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            message = "the file is UTF-16"
        fault = Fault("load/not-utf-8", message, len(text), len(text), "UTF-8", "save it as UTF-8")
        return text, fault
    match = _CONTROL.search(text)
    if match is None:
        return text, None
    message = f"the file holds the control character U+{ord(match[0]):04X}"
    hint = "save it as UTF-8" if match[0] == "\0" else "take the character away"
    return text, Fault("load/control-character", message, match.start(), match.end(), None, hint)


def _diagnostic(sheet: Sheet, fault: Fault) -> Diagnostic:
    related: tuple[Related, ...] = ()
    if fault.first is not None:
        message, start, end = fault.first
        related = (Related(message, sheet.span(start, end)),)
    return sheet.find(
        fault.code,
        fault.message,
        (fault.start, fault.end),
        expected=fault.expected,
        hint=fault.hint,
        related=related,
    )


def _document(sheet: Sheet, composed: Composed) -> Parsed:
    root = composed.root
    clear = [] if root is None else list(plaintext_secrets(sheet, root))
    faults = [_diagnostic(sheet, fault) for fault in composed.faults]
    if root is None:
        text = sheet.text[composed.start : composed.end]
        place = (composed.start, composed.start)
        return Parsed(sheet, None, _salvage(text), None, place, Digest(""), tuple(faults))
    model = sketch = None
    value = value_of(root)
    renamed: tuple[Renamed, ...] = ()
    if isinstance(root, MapNode) and isinstance(value, dict) and _is_old(value):
        faults.append(_old_version(sheet, root, value))
        value, renamed = migrate(value)
        for each in renamed:
            rename_key(root, each.above, each.old, each.new)
    if all(fault.code in _SECOND_LOOK for fault in composed.faults):
        model, sketch, found = _validate(sheet, root, value)
        faults.extend(found)
    shown = [_without_secret(found) for found in faults]
    diagnostics = tuple(sorted([*shown, *clear], key=_place))
    digest = _digest(value) if model is not None else Digest("")
    return Parsed(
        sheet,
        (composed.start, composed.end, composed.number),
        _reference(root),
        model,
        place_of_key(root, ("metadata", "name")),
        digest,
        diagnostics,
        renamed,
        sketch,
    )


def _is_old(value: Mapping[str, object]) -> bool:
    version = value.get("apiVersion")
    return isinstance(version, str) and version in STEPS


def _old_version(sheet: Sheet, root: Node, value: Mapping[str, object]) -> Diagnostic:
    _, renamed = migrate(value)
    names = sorted({f"`{each.old}` to `{each.new}`" for each in renamed})
    renames = f", and rename {', '.join(names)}" if names else ""
    return sheet.find(
        "load/old-version",
        f"`{value['apiVersion']}` is an old version; it is read as `{API_VERSION}`",
        place_of(root, ("apiVersion",)),
        hint=f"write `apiVersion: {API_VERSION}`{renames}; `trueup migrate` does it",
        severity=Severity.WARNING,
    )


def _without_secret(found: Diagnostic) -> Diagnostic:
    """Take the value out of the message when its line must not be shown."""
    before, middle, after = found.message.partition("` is not allowed for ")
    if found.source is not None or not middle or not before.startswith("`"):
        return found
    return replace(found, message=f"a value is not allowed for {after}")


def _place(found: Diagnostic) -> tuple[int, int]:
    return (found.span.line, found.span.column) if found.span else (0, 0)


def _digest(value: object) -> Digest:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return Digest("sha256:" + hashlib.sha256(text.encode()).hexdigest())


def _validate(
    sheet: Sheet, root: Node, value: object
) -> tuple[DocumentModel | None, DocumentModel | None, list[Diagnostic]]:
    """Give the model, or what it would be without its faults, and the faults."""
    if not isinstance(root, MapNode):
        found = sheet.find(
            "load/not-a-document",
            f"the document is {describe(root)}",
            (root.start, root.start + 1),
            expected="a mapping with `apiVersion`, `kind`, `metadata` and `spec`",
        )
        return None, None, [found]
    model = _model_for(root, value)
    if isinstance(model, tuple):
        return None, None, [sheet.find(*model[:3], expected=model[3], hint=model[4])]
    try:
        return model.model_validate(value), None, []
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        keys = _KnownKeys(model)
        sketch = draw(model, value, error)
        return None, sketch, list(explain(errors, sheet, root, keys.at))


Refusal = tuple[str, str, tuple[int, int], str | None, str | None]


def _model_for(root: MapNode, value: object) -> type[DocumentModel] | Refusal:
    version, kind = root.items.get("apiVersion"), root.items.get("kind")
    told = value.get("apiVersion") if isinstance(value, Mapping) else None
    if version is not None and told != API_VERSION:
        return (
            "load/unknown-version",
            f"`apiVersion` is {quote(version)}",
            place_of(root, ("apiVersion",)),
            f"`{API_VERSION}`",
            f"did you mean `{API_VERSION}`?"
            if isinstance(told, str) and told.startswith(API_VERSION.partition("/")[0])
            else "keep YAML of other programs below `apps/` or in a folder that begins with `.`",
        )
    if kind is None:
        first = next(iter(root.keys.values()), None)
        at = (first.start, first.end) if first else (root.start, root.end)
        return "load/missing-key", "the document lacks the key `kind`", at, None, "add `kind:`"
    name = kind.value if isinstance(kind, Scalar) else None
    if not isinstance(name, str) or name not in KINDS:
        return (
            "load/unknown-kind",
            f"{quote(kind)} is not a kind",
            place_of(root, ("kind",)),
            one_of(KINDS),
            did_you_mean(name, KINDS) if isinstance(name, str) else None,
        )
    return KINDS[name]


class _KnownKeys:
    """Tells which keys a mapping of a document may have."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def at(self, path: Path) -> Iterator[str]:
        """Give the keys that are known at a path."""
        models = [self._model]
        for step in path:
            if isinstance(step, int):
                continue
            models = [
                inner
                for model in models
                for name, field in model.model_fields.items()
                if (field.alias or name) == step
                for inner in _models_in(field.annotation)
            ] or models
        for model in models:
            for name, field in model.model_fields.items():
                yield field.alias or name


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _reference(root: Node) -> Reference | None:
    texts: Mapping[str, object] = {
        name: node.value if isinstance(node := find_node(root, path), Scalar) else None
        for name, path in (
            ("kind", ("kind",)),
            ("name", ("metadata", "name")),
            ("product", ("metadata", "product")),
        )
    }
    return _make_reference(texts["kind"], texts["product"], texts["name"])


def _make_reference(kind: object, product: object, name: object) -> Reference | None:
    if not isinstance(kind, str) or kind not in KINDS:
        return None
    if not isinstance(name, str) or not is_name(name):
        return None
    if kind not in OF_A_PRODUCT:
        return Reference(kind, "", name)
    if not isinstance(product, str) or not is_name(product):
        return None
    return Reference(kind, product, name)


def _salvage(text: str) -> Reference | None:
    """Guess which document an unreadable text was to be, so that it is not taken for gone."""
    kind, metadata = _KIND.search(text), _METADATA.search(text)
    if kind is None or metadata is None:
        return None
    words = {
        key: found[1]
        for key in ("name", "product")
        if (found := re.search(rf"\b{key}:[ \t]*[\"']?([a-z0-9-]+)", metadata[1]))
    }
    return _make_reference(kind[1], words.get("product"), words.get("name"))
