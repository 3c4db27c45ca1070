"""`/api/decisions`: why a promotion was, or was not, made, and whether its record still stands."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request

from controller.model.move_view import MoveView
from controller.model.record import Verification
from controller.web import reading
from controller.web.api.endpoints import Endpoints
from controller.web.site import Site


def endpoints(site: Site) -> Endpoints:
    """Give the endpoints of decisions."""

    async def decisions(request: Request) -> Sequence[MoveView]:
        """Give records of decisions, and how each stands."""
        stage = reading.word(request, "stage", reading.STAGE, "shop/dev")
        return await site.app.decisions.all(stage)

    async def decision(request: Request) -> Mapping[str, object]:
        """Give one decision with its evidence, as it was written."""
        return await site.app.decision(reading.digest(request))

    async def verification(request: Request) -> Verification:
        """Give what a check of a decision says."""
        return await site.app.decisions.verify(reading.digest(request))

    async def bundle(request: Request) -> Mapping[str, object]:
        """Give a record and all that its gates measured."""
        return await site.app.decisions.bundle(reading.digest(request))

    async def keys(request: Request) -> Mapping[str, Sequence[str]]:
        """Give the public keys whose decisions count."""
        del request
        return {"keys": tuple(site.app.decisions.keys)}

    return {
        "/api/decisions": decisions,
        "/api/decisions/{digest}": decision,
        "/api/decisions/{digest}/bundle": bundle,
        "/api/decisions/{digest}/verification": verification,
        "/api/decision-keys": keys,
    }
