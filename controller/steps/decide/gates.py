"""What gates said of a release, taken together."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.model.decision import EvidenceItem
from controller.model.measurement import GateResult, GateRuling
from controller.model.names import Digest, StageName


@dataclass(frozen=True)
class GateRule:
    """Gates of a stage: all of some, and one of others, must say yes of a release."""

    stage: StageName
    all_of: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    warnings_allowed: bool = True

    def items(self, results: Sequence[GateResult], release: Digest) -> list[EvidenceItem]:
        """Give an item for each gate that must say yes, and one for those of which one must."""
        items = [self._item(name, results, release) for name in self.all_of]
        if self.one_of:
            choices = [self._item(name, results, release) for name in self.one_of]
            yes = next((item for item in choices if item.ok), None)
            detail = yes.detail if yes else "; ".join(item.detail for item in choices)
            ok = True if yes else False if all(item.ok is False for item in choices) else None
            check = f"one gate of {', '.join(self.one_of)} in {self.stage}"
            items.append(EvidenceItem(check, ok, detail, yes.evidence if yes else ""))
        return items

    def lets_through(self, results: Sequence[GateResult], release: Digest | None) -> bool:
        """Tell whether the gates let a release through."""
        return release is not None and all(item.ok for item in self.items(results, release))

    def fails(self, results: Sequence[GateResult], release: Digest | None) -> list[EvidenceItem]:
        """Give what says fail, and no less, of a release: one of all, or all of which one must."""
        if release is None:
            return []
        found = [self._find(name, results, release) for name in self.all_of]
        failed = [result for result in found if result and result.ruling == GateRuling.FAIL]
        choices = [self._find(name, results, release) for name in self.one_of]
        if choices and all(each and each.ruling == GateRuling.FAIL for each in choices):
            failed += [each for each in choices if each]
        return [
            EvidenceItem(
                f"gate {result.gate} in {self.stage}",
                ok=False,
                detail=self._said(result),
                evidence=result.evidence or "",
            )
            for result in failed
        ]

    def _item(self, name: str, results: Sequence[GateResult], release: Digest) -> EvidenceItem:
        check = f"gate {name} in {self.stage}"
        found = self._find(name, results, release)
        if found is None:
            detail = f"the gate {name} in {self.stage} has to answer"
            return EvidenceItem(check, ok=None, detail=detail)
        lets_through = found.ruling == GateRuling.PASS or (
            found.ruling == GateRuling.WARN and self.warnings_allowed
        )
        unclear = found.ruling in {GateRuling.INVALID, GateRuling.UNKNOWN}
        ok = True if lets_through else (None if unclear else False)
        return EvidenceItem(check, ok=ok, detail=self._said(found), evidence=found.evidence or "")

    def _said(self, result: GateResult) -> str:
        why = f": {' '.join(result.reasons[0].split())}" if result.reasons else ""
        before = f"; {result.told_earlier()}" if result.earlier else ""
        return f"the gate {result.gate} in {self.stage} says {result.ruling}{why}{before}"

    @staticmethod
    def _find(name: str, results: Sequence[GateResult], release: Digest) -> GateResult | None:
        """Give the last answer of a gate for exactly this release."""
        fitting = [result for result in results if (result.gate, result.release) == (name, release)]
        return fitting[-1] if fitting else None
