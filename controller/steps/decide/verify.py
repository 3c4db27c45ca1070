"""Record → verification: was it touched, who sealed it, and does its evidence still say that?

Everything is found out from the record's own text and from public keys, so that somebody who has
no installation can ask the same.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from controller.model import canonical
from controller.model.canonical import digest_of
from controller.model.decision import DecisionKind
from controller.model.record import Check, Standing, Verification
from controller.ports.seal import KnownSeals
from controller.steps.decide.record import (
    SEAL,
    Record,
    read_record,
    signed_part,
    told_account,
)
from controller.steps.decide.settle import RULES, settle

BY_PEOPLE = frozenset(
    {
        DecisionKind.HOLD,
        DecisionKind.LIFT,
        DecisionKind.ROLL_BACK,
        DecisionKind.PUT_BACK,
        DecisionKind.BY_HAND,
    }
)
"""What may be decided without asking the rules."""


def verify(text: str, known: KnownSeals, address: str = "") -> Verification:
    """Check a record: its form, its address, its key, its seal, and its verdict.

    `address` is what it should be called; without one, nothing is said of that.
    """
    digest = digest_of(text)
    if address and address != digest:
        said = f"its content is {digest}, which is not {address}"
        return _refused(digest, Check("address", ok=False, said=said))
    named = "its content is what its address says" if address else f"its content is {digest}"
    addressed = Check("address", ok=True if address else None, said=named)
    if _has_no_seal(text):
        said = "it has no seal: either it is older than seals, or somebody took it away"
        check = Check("seal", ok=False, said=said)
        return replace(_refused(digest, addressed, check), standing=Standing.NOT_SEALED)
    try:
        told = canonical.read(text)
    except ValueError as error:
        said = f"this text is no record: {error}"
        return _refused(digest, addressed, Check("form", ok=False, said=said))
    if not isinstance(told, dict) or SEAL not in told:
        said = "this text is no record of a decision"
        return _refused(digest, addressed, Check("form", ok=False, said=said))
    return _sealed(told, known, Verification(digest, Standing.REFUSED, (addressed,)))


def _has_no_seal(text: str) -> bool:
    """Tell a decision without a seal: such a one may be written in any way."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and "because" in told and SEAL not in told


def _sealed(told: Mapping[str, object], known: KnownSeals, so_far: Verification) -> Verification:
    key, signature = _seal(told)
    so_far = replace(so_far, key=key)
    if not known.is_known(key):
        said = f"the key {key[:80] or '(none)'} is not known here: somebody else sealed it"
        return _with(so_far, Check("key", ok=False, said=said))
    so_far = _with(so_far, Check("key", ok=True, said=f"the key {key} is known"))
    if not known.is_sealed(signed_part(told), signature, key):
        return _with(so_far, Check("seal", ok=False, said="its content was changed since"))
    so_far = _with(so_far, Check("seal", ok=True, said="nothing was changed since it was sealed"))
    try:
        record = read_record(told)
    except ValueError as error:
        return _with(so_far, Check("form", ok=False, said=str(error)))
    so_far = replace(so_far, kind=str(record.decision.kind), stage=str(record.decision.stage))
    return _judged(record, so_far)


def _judged(record: Record, so_far: Verification) -> Verification:
    verdict = _verdict(record)
    if record.basis is None:  # by what rules is no question where none was asked
        standing = Standing.VALID if verdict.ok else Standing.REFUSED
        return replace(_with(so_far, verdict), standing=standing)
    if record.rules != RULES:
        said = f"it was made by rules {record.rules}; this version has rules {RULES}"
        today = "the same" if verdict.ok else "something else"
        told = Check("verdict", ok=None, said=f"by the rules of this version it would say {today}")
        checked = _with(so_far, Check("rules", ok=False, said=said), told)
        return replace(checked, standing=Standing.OTHER_RULES)
    by_these = Check("rules", ok=True, said=f"this version has the same rules, {RULES}")
    standing = Standing.VALID if verdict.ok else Standing.REFUSED
    return replace(_with(so_far, by_these, verdict), standing=standing)


def _verdict(record: Record) -> Check:
    decision = record.decision
    if record.basis is None:
        is_of_person = decision.kind in BY_PEOPLE and bool(decision.by)
        said = f"{decision.by} decided that: no rule was asked"
        wrong = f"a `{decision.kind}` without evidence is nothing that a person may decide"
        return Check("verdict", ok=is_of_person, said=said if is_of_person else wrong)
    again = replace(settle(record.basis, decision.decided_at), number=decision.number)
    if again.kind != decision.kind or again.release != decision.release:
        said = f"the evidence says {again.kind} {again.release}: {again.because}"
        return Check("verdict", ok=False, said=said)
    if again != decision or record.account != told_account(again, record.basis, record.background):
        return Check("verdict", ok=False, said="its words are not what its evidence says")
    return Check("verdict", ok=True, said=f"the evidence says the same: {again.kind}")


def _seal(told: Mapping[str, object]) -> tuple[str, str]:
    """Give key and signature; a seal with anything else in it is none."""
    seal = told[SEAL]
    if not isinstance(seal, dict) or set(seal) != {"key", "signature"}:
        return "", ""
    return str(seal["key"]), str(seal["signature"])


def _refused(digest: str, *checks: Check) -> Verification:
    return Verification(digest, Standing.REFUSED, checks)


def _with(so_far: Verification, *checks: Check) -> Verification:
    return replace(so_far, checks=(*so_far.checks, *checks))
