"""What the command line and the pages may ask of forecasts and capacity."""

from dataclasses import dataclass
from typing import Any

from controller.diagnostics.errors import TrueupError
from controller.model.caller import Caller, Role
from controller.model.capacity import Capacity, Proposal
from controller.model.forecast import Forecast, ForecastStatus
from controller.model.names import NAME
from controller.permission import NotFound, require
from controller.workflows.capacity import look_at, propose
from controller.workflows.forecast_runs import last_of, status_of
from controller.workflows.parts import Parts
from schemas.kinds.capacity_plan import CapacityPlan
from schemas.kinds.forecast import Forecast as ForecastDocument


@dataclass(frozen=True)
class ForecastView:
    """A forecast as a line of a table."""

    name: str
    product: str
    metric: str
    chosen: str = ""
    rmase: float | None = None
    """Beside the seasonal naive, on the past."""
    peak_today: float | None = None
    """Requests a second."""
    peak_ahead: float | None = None
    """The highest upper bound to come, in requests a second."""
    peak_on: str = ""
    coverage: float | None = None
    made_at: str = ""
    evidence: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Outlook:
    """Answers for callers; acts only for those who may."""

    parts: Parts

    async def forecasts(self) -> list[ForecastView]:
        """All forecasts of the head, by product and name."""
        head = self.parts.catalogs.head
        found = []
        for document in head.catalog.all(ForecastDocument) if head else ():
            status = await status_of(self.parts, document.product, document.metadata.name)
            found.append(_view(document, status, await last_of(self.parts, status)))
        return found

    async def forecast(self, name: str) -> tuple[ForecastView, Forecast | None]:
        """One forecast, `product/name`, with all that it says. Raises NotFound."""
        product, own = _parted(name)
        head = self.parts.catalogs.head
        document = head.catalog.find(ForecastDocument, own, product) if head else None
        if document is None:
            raise NotFound.because(
                f"there is no forecast `{name}`", hint="`trueup get forecasts` lists them"
            )
        status = await status_of(self.parts, product, own)
        made = await last_of(self.parts, status)
        return _view(document, status, made), made

    async def capacities(self, name: str) -> list[Capacity]:
        """What the plans come to that rest on a forecast, as far as they can be weighed."""
        product, own = _parted(name)
        head = self.parts.catalogs.head
        found = []
        for plan in head.catalog.all(CapacityPlan) if head else ():
            if (plan.product, plan.spec.forecast) != (product, own):
                continue
            try:
                found.append(await look_at(self.parts, product, plan.metadata.name))
            except TrueupError:
                continue
        return found

    async def capacity(self, name: str) -> Capacity:
        """What one plan comes to. Raises NotFound, Stalled."""
        return await look_at(self.parts, *_parted(name))

    async def propose(self, caller: Caller, name: str, *, dry_run: bool) -> Proposal:
        """Propose the change of a plan as a branch. Raises NotAllowed, Stalled."""
        require(caller, Role.OPERATOR)
        return await propose(self.parts, *_parted(name), caller.name, dry_run=dry_run)


def _parted(name: str) -> tuple[str, str]:
    product, _, own = name.partition("/")
    if NAME.fullmatch(product) is None or NAME.fullmatch(own) is None:
        raise NotFound.because(f"`{name}` is no name of a product and a document of it")
    return product, own


def _view(
    document: ForecastDocument, status: ForecastStatus, made: Forecast | None
) -> ForecastView:
    name = f"{document.product}/{document.metadata.name}"
    known: dict[str, Any] = {}
    if made is not None:
        highest = max(made.days, key=lambda day: day.rate.high, default=None)
        score = next((each for each in made.backtest.scores if each.is_chosen), None)
        known = {
            "chosen": made.chosen,
            "rmase": score.rmase if score else None,
            "peak_today": made.today.mid,
            "peak_ahead": highest.rate.high if highest else None,
            "peak_on": str(highest.day) if highest else "",
            "coverage": made.backtest.coverage,
        }
    return ForecastView(
        name, document.product, document.spec.metric, **known,
        made_at=status.made_at.isoformat() if status.made_at else "",
        evidence=status.evidence or "", problem=status.problem,
    )  # fmt: skip
