"""`/api/gates`: every gate, its answer, and how its run goes."""

import re
from collections.abc import Mapping, Sequence

from starlette.requests import Request

from controller.gate_desk import GateComparison, GateOrderView, GateView
from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site

_SIDE = re.compile(r"[A-Za-z0-9._:/@-]{1,300}")


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of gates."""

    async def gates(request: Request) -> Sequence[GateView]:
        """Give gates with their last answer, and how a run goes."""
        del request
        return await site.app.gates.gates()

    async def gate(request: Request) -> GateView:
        """Give one gate."""
        stage = reading.name(request, "product", "environment")
        return await site.app.gates.gate(stage, reading.name(request, "gate"))

    async def order(request: Request) -> GateOrderView:
        """Give the load that a run would make."""
        stage = reading.name(request, "product", "environment")
        return await site.app.gates.order(stage, reading.name(request, "gate"))

    async def comparison(request: Request) -> GateComparison:
        """Lay two answers, or runs, side by side."""
        sides = [reading.word(request, side, _SIDE, "shop/dev/shop-load") for side in ("a", "b")]
        share = reading.number(request, "percent", 5, most=1000) / 100
        return await site.app.gates.compare(sides[0] or "", sides[1] or "", share)

    async def report(request: Request) -> Mapping[str, str]:
        """Give the report of an answer, as an HTML page."""
        page, _ = await site.app.gates.report(reading.digest(request))
        return {"page": page.decode()}

    return {
        "/api/gate-comparison": comparison,
        "/api/gate-reports/{digest}": report,
        "/api/gates": gates,
        "/api/gates/{product}/{environment}/{gate}": gate,
        "/api/gates/{product}/{environment}/{gate}/order": order,
    }
