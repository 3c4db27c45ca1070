"""Decision ↔ record: one sealed JSON document, which is all that is needed to decide again."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from controller.model import canonical
from controller.model.decision import Decision
from controller.model.measurement import GateResult
from controller.model.record import Background, Topic
from controller.ports.seal import Seal
from controller.steps.decide.account import account
from controller.steps.decide.settle import RULES, Basis, settle

FORMAT = 1
LARGEST = 200 * 1024
"""Bytes; a file of the promotions branch that is larger than 256 KiB is not read back."""
SEAL = "seal"
T = TypeVar("T")
_DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)
_BASIS: TypeAdapter[Basis] = TypeAdapter(Basis)
_BACKGROUND: TypeAdapter[Background] = TypeAdapter(Background)
_TOPIC: TypeAdapter[Topic] = TypeAdapter(Topic)


@dataclass(frozen=True)
class Record:
    """A record as it was read."""

    decision: Decision
    basis: Basis | None
    """None: a person decided, and no rule was asked."""
    background: Background
    account: object
    """As it stands there, to be compared with what is told of the same evidence now."""
    rules: object


def write_record(
    decision: Decision, seal: Seal, basis: Basis | None = None, background: Background | None = None
) -> str:
    """Give the sealed record of a decision; the same one gives the same text.

    Of one that became too large for the branch, what no rule asks for is left out.
    """
    told = _told(decision, basis, background or Background())
    part = signed_part(told)
    if len(part) > LARGEST:
        told = _told(decision, basis, Background())
        part = signed_part(told)
    if len(part) > LARGEST and basis is not None:
        basis = _thinned(basis)
        decision = replace(settle(basis, decision.decided_at), number=decision.number)
        told = _told(decision, basis, Background())
        part = signed_part(told)
    signature = seal.sign(part)
    return canonical.write({**told, SEAL: {"key": seal.key, "signature": signature}})


def signed_part(told: Mapping[str, object]) -> bytes:
    """Give the bytes that a seal is of: the whole record but the seal."""
    return canonical.write({key: told[key] for key in told if key != SEAL}).encode()


def read_record(told: Mapping[str, object]) -> Record:
    """Read what a record tells. Raises ValueError for what is none."""
    try:
        return Record(
            _DECISION.validate_json(json.dumps(told)),
            None if told["basis"] is None else _BASIS.validate_json(json.dumps(told["basis"])),
            _BACKGROUND.validate_json(json.dumps(told["background"])),
            told["account"],
            told["rules"],
        )
    except (ValidationError, KeyError) as error:
        raise ValueError("it lacks what a record says") from error


def _told(decision: Decision, basis: Basis | None, background: Background) -> dict[str, object]:
    return {
        **_fields(_DECISION, decision),
        "format": FORMAT,
        "rules": RULES,
        "basis": None if basis is None else _fields(_BASIS, basis),
        "background": _fields(_BACKGROUND, background),
        "account": told_account(decision, basis, background),
    }


def told_account(
    decision: Decision, basis: Basis | None, background: Background
) -> list[dict[str, object]]:
    """Give the account of a decision as a record holds it."""
    return [_fields(_TOPIC, topic) for topic in account(decision, basis, background)]


def _fields(kind: TypeAdapter[T], value: T) -> dict[str, object]:
    found = _finite(kind.dump_python(value, mode="json", by_alias=True))
    return found if isinstance(found, dict) else {}


def _finite(value: object) -> object:
    """Give a value as JSON can say it: what is no number is not known."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value


def _thinned(basis: Basis) -> Basis:
    """Leave out what each objective of a gate measured: no rule asks for that either."""
    question = basis.question
    after = tuple(replace(each, gates=_without_objectives(each.gates)) for each in question.after)
    gates = _without_objectives(question.gates)
    return replace(basis, question=replace(question, gates=gates, after=after))


def _without_objectives(gates: tuple[GateResult, ...]) -> tuple[GateResult, ...]:
    return tuple(replace(gate, objectives=()) for gate in gates)
