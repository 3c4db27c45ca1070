import httpx
import pytest

from controller.diagnostics.secret import SecretText
from controller.model.caller import Caller, Role
from controller.web.api.webhooks import SENDERS
from controller.web.asgi import application
from controller.web.authority import Authority, KnownToken, digest_of
from tests.support.worlds import MemoryWorld
from tests.unit.web.fake_app import FakeApp

WEBHOOK_SECRET = "a-webhook-secret"
NAMES = {"vera": Role.VIEWER, "olga": Role.OPERATOR, "robin": Role.APPROVER, "ada": Role.ADMIN}


def bearer(name="ada"):
    return {"Authorization": f"Bearer {name}-token"}


@pytest.fixture
def app():
    return FakeApp()


@pytest.fixture
def authority():
    return Authority(
        KnownToken(Caller(name, role), digest_of(f"{name}-token"))
        for name, role in [*NAMES.items(), ("casey", Role.APPROVER)]
    )


@pytest.fixture
def make_client(app, authority):
    def make(*, base="http://127.0.0.1:8080", peer="127.0.0.1", **given):
        secret = SecretText(WEBHOOK_SECRET)
        given = {"webhooks": dict.fromkeys(SENDERS, secret), **given}
        served = application(app, authority, **given)
        transport = httpx.ASGITransport(served, client=(peer, 4711))
        return httpx.AsyncClient(transport=transport, base_url=base)

    return make


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def public(make_client):
    return make_client(public_view=True)


@pytest.fixture
async def life():
    """A real App on memory adapters, at rest."""
    world = MemoryWorld()
    world.example()
    life = world.start()
    await life.begin()
    await life.settle()
    yield life
    MemoryWorld.close_all()
