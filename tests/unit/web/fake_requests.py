"""Requests that show plain values and write down what they are asked to do."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from controller.diagnostics.secret import SecretText
from controller.model.issuance import Counter, HandedOver, RequestView, Wrapped
from controller.permission import NotFound

NOW = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)
ID = "r-0123456789ab"
DIGEST = "sha256:" + "7" * 64


def request(**changes: object) -> RequestView:
    values: dict[str, object] = {
        "id": ID, "phase": "waiting", "who": "casey", "asked_by": "casey",
        "target": "database:main/shop-reader", "ttl_seconds": 3600.0,
        "reason": "failed orders of ticket 4711", "document": "", "digest": DIGEST,
        "asked_at": NOW - timedelta(minutes=5), "answer_by": NOW + timedelta(days=1),
        "approvals": (), "approvals_wanted": 1, "message": "0 of 1 approvals",
        **changes,
    }  # fmt: skip
    return RequestView(**values)


@dataclass
class FakeRequests:
    """Has the methods of `Requests`."""

    asked: list[tuple[object, ...]]
    views: list[RequestView] = field(default_factory=lambda: [request()])

    async def all(self, *, is_open=False):
        return [one for one in self.views if one.is_open or not is_open]

    async def one(self, request):
        for view in self.views:
            if view.id == request:
                return view
        raise NotFound.because(f"there is no request `{request}`")

    async def ask(self, caller, asked):
        self.asked.append(("ask", caller.name, dict(asked)))
        return self.views[0]

    async def approve(self, caller, request, reason="", *, expect=""):
        self.asked.append(("approve-request", caller.name, request, reason, expect))
        return "approved"

    async def reject(self, caller, request, reason):
        self.asked.append(("reject-request", caller.name, request, reason))
        return "rejected"

    async def revoke(self, caller, request, reason=""):
        self.asked.append(("revoke-request", caller.name, request, reason))
        return "ending"

    async def confirm(self, caller, request):
        self.asked.append(("confirm-request", caller.name, request))
        return "in use"

    async def report(self, caller, request):
        self.asked.append(("report-request", caller.name, request))
        return "ending"

    async def fetch(self, caller, request):
        self.asked.append(("fetch", caller.name, request))
        wrapped = Wrapped(SecretText("one-time"), "accessor", "database/creds/shop-reader")
        return HandedOver(request, wrapped, Counter("https://127.0.0.1:1"), NOW, NOW)
