"""An engine's output → the error that says what happens next, with the engine's words quoted."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from controller.adapters.engine._error_classes import ErrorClass, Known, classify
from controller.adapters.engine._lock_error import SUMMARY as LOCK_SUMMARY
from controller.adapters.engine._lock_error import read_holder
from controller.adapters.engine._runner import Finished
from controller.adapters.engine._state_file import HOW_TO_GET_BACK
from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import (
    EngineFailed,
    EngineRefused,
    PlanStale,
    StateLocked,
    Throttled,
    TrueupError,
)
from controller.ports.engine import EngineVersion, LockHolder

LONGEST_QUOTE = 4000
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

STALE = (
    "Saved plan is stale",
    "Saved plan does not match the given state",
    "Invalid plan file",
    "Can't read plan file",
    "Failed to load",
)
MOVED = ("Backend configuration changed", "Backend configuration block has changed")
HOW_TO_MOVE = (
    "suspend the unit and run `terraform init -migrate-state` in its directory, or take the change"
    " of `spec.state` back"
)
SENSITIVE_OUTPUT = "Output refers to sensitive values"
_OUTPUT = re.compile(r"\s*\"([\w-]+)\": \{")
NEEDS_INIT = (
    "Backend initialization required",
    "Inconsistent dependency lock file",
    "Missing required provider",
    "Module not installed",
    "Module source has changed",
    "Plugin reinitialization required",
    "Required plugins are not installed",
)
# How the summaries begin that Terraform gives for a configuration or for values: the same ones will
# be refused again. Whatever is not known to be one of them is tried again, with growing pauses.
REFUSED = (
    *NEEDS_INIT,
    "Ambiguous",
    "Argument or block definition required",
    "Attempt to",
    "Attribute redefined",
    "Call to unknown function",
    "Cannot import non-existent remote object",
    "Configuration for import target does not exist",
    "Cycle",
    "Dependency lock file",
    "Duplicate",
    "Error in function call",
    "Extra characters",
    "Failed to read module directory",
    "Failed to resolve provider packages",
    "Import block",
    "Incompatible provider version",
    "Incorrect",
    "Inconsistent",
    "Instance cannot be destroyed",
    "Invalid",
    "JSON object",
    "Local module",
    "Missing",
    "Module version requirements",
    "Module uses",
    "No configuration files",
    "No value for required variable",
    "Not enough function arguments",
    SENSITIVE_OUTPUT,
    "Provider configuration not present",
    "Provider dependency changes detected",
    "Reference to",
    "Reserved",
    "Resource already managed by Terraform",
    "Resource instance keys not allowed",
    "Resource postcondition failed",
    "Resource precondition failed",
    "Self-referential",
    "Sensitive",
    "Too many",
    "Unclear",
    "Undeclared",
    "Unexpected",
    "Unknown",
    "Unreadable module",
    "Unresolvable module",
    "Unsuitable",
    "Unsupported",
    "Variables not allowed",
    "Wrong",
    "resource address",
)
# What `init` says below summaries that the world's failures have too.
REFUSED_BECAUSE = (
    "does not have a provider named",
    "does not match configured version constraint",
    "doesn't match any of the checksums",
    "is not available in",
    "no available releases match",
    "was not found in any of the search locations",
)
# What a lock of a local state says when it is not the lock that fails.
UNREADABLE = "Unsupported state file format", "Invalid state file format"
NOT_WRITTEN = ("could not write lock info",)
NEEDS_UPGRADE = "must use terraform init -upgrade", "must use tofu init -upgrade"


@dataclass(frozen=True, slots=True)
class EngineWords:
    """One error as the engine put it."""

    summary: str
    detail: str = ""
    place: str = ""
    output: str = ""
    """The output that must be marked as sensitive, when that is what is wrong."""

    @property
    def is_refusal(self) -> bool:
        """Whether the same will be said again of the same configuration."""
        return self.summary.startswith(REFUSED) or self.says(REFUSED_BECAUSE)

    @property
    def known(self) -> Known | None:
        """What is known of the words that a provider or a network uses."""
        return classify(f"{self.summary}\n{self.detail}")

    def is_a(self, kind: ErrorClass) -> bool:
        """Tell whether the error is known to be of a class."""
        known = self.known
        return known is not None and known.kind == kind

    def says(self, phrases: Iterable[str]) -> bool:
        """Tell whether one of the phrases is in the detail, wherever its lines were broken."""
        detail = " ".join(self.detail.split())
        return any(phrase in detail for phrase in phrases)


def read_words(finished: Finished) -> tuple[EngineWords, ...]:
    """Find the errors in what a command said, as JSON lines, as one JSON document or as text.

    Values that the engine shows beside its words are left out: they need not be marked sensitive.
    """
    found = tuple(_from_json(finished.output))
    return found or tuple(_from_text(finished.errors or finished.output))


def make_error(version: EngineVersion, operation: str, finished: Finished) -> TrueupError:
    """Give the error to raise for a command that failed."""
    words = read_words(finished) or (EngineWords(f"it ended with code {finished.code}"),)
    first = words[0]
    if first.summary.startswith(LOCK_SUMMARY):
        return _locked(version, first)
    if first.summary.startswith(MOVED):
        found = _diagnostics(EngineRefused, "the state would have to be moved first", words)
        return EngineRefused(
            replace(each, code="engine/backend-changed", hint=HOW_TO_MOVE) for each in found
        )
    if first.summary.startswith(STALE):
        return PlanStale(_diagnostics(PlanStale, f"{version} refuses the saved plan", words))
    if any(word.is_a(ErrorClass.THROTTLED) for word in words):
        return Throttled(_diagnostics(Throttled, f"{version} was slowed at `{operation}`", words))
    if _is_refused(operation, words):
        return EngineRefused(_diagnostics(EngineRefused, f"{version} refused `{operation}`", words))
    return EngineFailed(_diagnostics(EngineFailed, f"{version} broke off `{operation}`", words))


def _is_refused(operation: str, words: Iterable[EngineWords]) -> bool:
    """Tell whether the same will be said again.

    What an apply says of its configuration does not count: it may be of what it made on the way.
    """
    if operation == "validate":
        return True
    by_provider = ErrorClass.PERMANENT
    if operation == "apply":
        return all(word.is_a(by_provider) for word in words)
    return all(word.is_a(by_provider) or word.is_refusal for word in words)


def needs_init(finished: Finished) -> bool:
    """Tell whether the engine says that what `init` installed is not there."""
    return any(word.summary.startswith(NEEDS_INIT) for word in read_words(finished))


def sensitive_outputs(finished: Finished) -> frozenset[str]:
    """Give the outputs that the engine refuses because they hold something sensitive."""
    if finished.code == 0:
        return frozenset()
    return frozenset(word.output for word in read_words(finished) if word.output)


def needs_upgrade(finished: Finished) -> bool:
    """Tell whether `init` says that a locked version is not what is wished for any more."""
    return finished.code != 0 and any(word.says(NEEDS_UPGRADE) for word in read_words(finished))


def _locked(version: EngineVersion, words: EngineWords) -> TrueupError:
    holder = read_holder(words.detail)
    if holder is None and words.says(UNREADABLE):
        return EngineFailed.because(
            f"{version} cannot read the state{_quote(words)}",
            hint=HOW_TO_GET_BACK,
            code="engine/state-unreadable",
        )
    if holder is None and words.says(NOT_WRITTEN):
        return EngineFailed(
            _diagnostics(EngineFailed, f"{version} cannot lock the state", (words,))
        )
    if holder is None:
        return StateLocked(_diagnostics(StateLocked, f"{version} cannot lock the state", (words,)))
    return locked_by(holder)


def locked_by(holder: LockHolder) -> StateLocked:
    """Give the error that names who holds the lock."""
    return StateLocked.because(
        f"the state is locked by {holder.who or 'somebody'} for {holder.operation or 'something'}"
        f" since {holder.created or 'an unknown time'} (lock {holder.id})"
    )


def _diagnostics(
    error: type[TrueupError], sentence: str, words: Iterable[EngineWords]
) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(
            code=error.code,
            message=f"{sentence}: {word.summary}{_quote(word)}",
            hint=word.known.hint if word.known else None,
        )
        for word in words
    )


def _quote(words: EngineWords) -> str:
    lines = words.detail[:LONGEST_QUOTE].strip().splitlines()
    if words.place:
        lines.append(words.place)
    return "".join(f"\n  | {line}".rstrip() for line in lines)


def _from_json(output: str) -> Iterator[EngineWords]:
    for document in _documents(output):
        entries = [document.get("diagnostic"), *(document.get("diagnostics") or ())]
        for entry in entries:
            if isinstance(entry, dict) and entry.get("severity") == "error":
                summary, detail = str(entry.get("summary", "")), str(entry.get("detail", ""))
                yield EngineWords(summary, detail, _place(entry), _output(summary, entry))


def _documents(output: str) -> Iterator[Mapping[str, Any]]:
    texts = [output] if output.startswith("{\n") else output.splitlines()
    for text in texts:
        if text.startswith("{"):
            try:
                document = json.loads(text)
            except ValueError:
                continue
            yield document


def _place(entry: Mapping[str, Any]) -> str:
    """Say which resource, and where in the rendered files."""
    parts = []
    if address := entry.get("address"):
        parts.append(f"with {address}")
    if isinstance(place := entry.get("range"), dict):
        start = place.get("start", {})
        parts.append(f"at {place.get('filename')}:{start.get('line')}:{start.get('column')}")
    context = (entry.get("snippet") or {}).get("context")
    if context:
        parts.append(f"in {context}")
    return ", ".join(parts)


def _output(summary: str, entry: Mapping[str, Any]) -> str:
    code = str((entry.get("snippet") or {}).get("code") or "")
    output = _OUTPUT.fullmatch(code)
    return output[1] if output is not None and summary == SENSITIVE_OUTPUT else ""


def _from_text(text: str) -> Iterator[EngineWords]:
    plain = _COLOUR.sub("", text)  # `state push` knows no `-no-color`
    lines = [line.strip().lstrip("│╷╵|").strip() for line in plain.splitlines()]
    starts = [number for number, line in enumerate(lines) if line.startswith("Error: ")]
    if not starts:
        rest = [line for line in lines if line]
        if rest:
            yield EngineWords(rest[0], "\n".join(rest[1:]))
        return
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield EngineWords(
            lines[start].removeprefix("Error: "), "\n".join(lines[start + 1 : end]).strip()
        )
