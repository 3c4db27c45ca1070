"""What is particular to each issuer: whom it refuses, what it proves, what it leaves alone."""

import asyncio
import itertools
import json
import ssl
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.credential.approle_secret_id import AppRoleMaker
from controller.adapters.credential.aws_access_key import AwsAccessKeyMaker, AwsUser
from controller.adapters.credential.certificate import CertificateMaker, Wanted
from controller.adapters.credential.command import CommandMaker
from controller.adapters.credential.totp import one_time_code
from controller.adapters.credential.transit_key import TransitKeyMaker
from controller.diagnostics.errors import DependencyNotReady, Stalled, Transient, TrueupError
from controller.diagnostics.secret import SecretText
from controller.model.material import Material
from tests.support.credential_servers import Cloud, Engines, running_engines
from tests.support.secret_servers import running_aws

OWNER = "shop/dev/key"
COUNT = itertools.count()
CANARY = SecretText("canary-5ec7e7-with-some-length")


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with running_aws() as place:
        yield Cloud(str(place.endpoint))


def test_a_code_is_that_of_the_standard() -> None:
    seed = SecretText("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")  # RFC 6238, appendix B, last six digits
    times = {59: "287082", 1111111109: "081804", 2000000000: "279037"}
    assert {second: one_time_code(seed, second) for second in times} == times


def issuer_of(cloud: Cloud, user: str) -> AwsAccessKeyMaker:
    place = AwsUser(user, OWNER, "eu-central-1", cloud.endpoint)
    return AwsAccessKeyMaker.connect(place, pause=0)


@pytest.mark.slow
async def test_a_user_that_is_missing_or_somebody_elses_is_left_alone(cloud: Cloud) -> None:
    with pytest.raises(DependencyNotReady, match="no user"):
        await issuer_of(cloud, "nobody").prepare(1, None)
    iam = cloud.user("theirs", "shop/dev/another")
    with pytest.raises(Stalled, match="not marked"):
        await issuer_of(cloud, "theirs").prepare(1, None)
    with pytest.raises(Stalled, match="not marked"):
        await issuer_of(cloud, "theirs").apply(Material("", SecretText("")), None)
    assert iam.list_access_keys(UserName="theirs")["AccessKeyMetadata"] == []


@pytest.mark.slow
async def test_only_keys_of_ours_are_deleted(cloud: Cloud) -> None:
    iam, issuer = cloud.user("shared", OWNER), issuer_of(cloud, "shared")
    by_hand = iam.create_access_key(UserName="shared")["AccessKey"]["AccessKeyId"]
    prepared = await issuer.prepare(1, None)
    lost = await issuer.apply(prepared, None)
    made = await issuer.apply(prepared, None)
    keys = {
        key["AccessKeyId"] for key in iam.list_access_keys(UserName="shared")["AccessKeyMetadata"]
    }
    assert keys == {by_hand, made.login}
    assert lost.login not in keys
    with pytest.raises(Stalled, match="no room"):
        await issuer.prepare(2, made)


@pytest.mark.slow
async def test_a_key_that_aws_does_not_know_does_not_work(cloud: Cloud) -> None:
    cloud.user("checked", OWNER)
    cloud.allow("checked")
    issuer = issuer_of(cloud, "checked")
    made = await issuer.apply(await issuer.prepare(1, None), None)
    cloud.check_keys(after=0)
    try:
        assert await issuer.verify(made)
        assert not await issuer.verify(Material("AKIAUNKNOWNUNKNOWN00", made.text))
    finally:
        cloud.check_keys(after=10**9)


class Served:
    """A TLS server that shows a certificate, and another after `show`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.port = 0

    def show(self, issuer: CertificateMaker, material: Material) -> None:
        file = self.folder / f"{next(COUNT)}.pem"
        file.write_text(issuer.fields(material, None)["bundle"].reveal())
        self.context.load_cert_chain(file)

    async def start(self) -> "asyncio.Server":
        server = await asyncio.start_server(
            lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=self.context
        )
        self.port = server.sockets[0].getsockname()[1]
        return server


@pytest.fixture(scope="module")
def engines() -> Iterator[Engines]:
    with running_engines() as server:
        yield server


@pytest.mark.slow
async def test_a_served_certificate_is_proven_by_a_handshake(
    engines: Engines, tmp_path: Path
) -> None:
    async with engines.connect() as server:
        served = Served(tmp_path)

        def issuer_at(port: int, name: str = "shop.example") -> CertificateMaker:
            wanted = Wanted(
                "pki", "web", name, ("127.0.0.1",), timedelta(hours=1), f"127.0.0.1:{port}"
            )
            return CertificateMaker(server, wanted, now)

        issuer = issuer_at(1)
        first = await issuer.apply(await issuer.prepare(1, None), None)
        second = await issuer.apply(await issuer.prepare(2, first), first)
        assert not await issuer.is_used(first)  # nobody listens there
        served.show(issuer, first)
        async with await served.start():
            issuer = issuer_at(served.port)
            assert issuer.proof == f"tls://127.0.0.1:{served.port}"
            assert await issuer.is_used(first)
            assert not await issuer.is_used(second)
            served.show(issuer, second)
            assert await issuer.is_used(second)
        assert not issuer_at(1, "another.example").fits(second)
        renewal = issuer.renew_at(second)
        assert renewal is not None
        assert timedelta(minutes=39) < renewal - now() < timedelta(minutes=41)
        await issuer.end(first, second)
        assert await issuer.is_dead(first)
        assert not await issuer.is_dead(second)
        assert not await issuer.still_works(first)
        assert not await issuer_at(1, "another.example").verify(second)


HOOK = """
import json, os, sys
told = json.load(sys.stdin)
with open(sys.argv[1], "w") as file:
    json.dump([sys.argv[2:], sorted(os.environ), told, os.getcwd()], file)
sys.exit(int(sys.argv[1].rpartition(".")[2]))
"""


@pytest.fixture
def hook(tmp_path: Path) -> Any:
    (tmp_path / "hook.py").write_text(HOOK)

    def of(code: int, *, seconds: float = 30) -> CommandMaker:
        words = (sys.executable, "-I", "-S", str(tmp_path / "hook.py"), str(tmp_path / f"o.{code}"))
        return CommandMaker("mailer", words, OWNER, CANARY, seconds)

    return of


async def test_a_program_gets_the_value_on_stdin_and_nothing_in_its_environment(
    hook: Any, tmp_path: Path
) -> None:
    issuer = hook(0)
    made = await issuer.prepare(3, None)
    assert await issuer.apply(made, Material("", SecretText("old"))) == made
    words = (tmp_path / "o.0").read_text()
    told = {"secret": OWNER, "generation": 3, "value": CANARY.reveal(), "other": "old"}
    arguments, environment, heard, folder = json.loads(words)
    assert (arguments, heard, folder) == (["apply"], told, "/")
    assert set(environment) <= {"LC_CTYPE"}  # Python sets this one itself


@pytest.mark.parametrize(
    ("code", "error"), [(1, Stalled), (75, Transient), (2, Transient), (70, Transient)]
)
async def test_an_exit_code_says_what_happens_next(
    hook: Any, code: int, error: type[TrueupError]
) -> None:
    issuer = hook(code)
    made = await issuer.prepare(1, None)
    with pytest.raises(error, match="exit code") as raised:
        await issuer.apply(made, None)
    assert CANARY.reveal() not in repr(raised.value)
    if code == 1:
        assert not await issuer.verify(made)
        assert await issuer.is_dead(made)
    else:
        with pytest.raises(Transient):
            await issuer.is_dead(made)


async def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    words = ("/bin/sh", "-c", f"/bin/sleep 600 & echo $! > {tmp_path}/pid; wait")
    issuer = CommandMaker("slow", words, OWNER, CANARY, 1)
    with pytest.raises(Transient, match="more than 1 s"):
        await issuer.apply(await issuer.prepare(1, None), None)
    child = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/stat")
    for _ in range(1000):
        if not child.exists() or child.read_text().split()[2] == "Z":
            break
        await asyncio.sleep(0.01)
    else:
        raise AssertionError("the child lives")
    missing = CommandMaker("gone", ("/nowhere/hook",), OWNER, CANARY, 1)
    prepared = await missing.prepare(1, None)
    with pytest.raises(Stalled, match="cannot be started"):
        await missing.apply(prepared, None)


@pytest.mark.slow
async def test_what_belongs_to_an_earlier_place_is_ended_there(
    cloud: Cloud, engines: Engines
) -> None:
    first, second = (issuer_of(cloud, user) for user in ("before", "after"))
    iam = cloud.user("before", OWNER)
    cloud.user("after", OWNER)
    old = await first.apply(await first.prepare(1, None), None)
    assert not second.fits(old)
    new = await second.apply(await second.prepare(2, old), old)
    assert not await second.is_dead(old)
    await second.end(old, new)
    assert await second.is_dead(old)
    assert iam.list_access_keys(UserName="before")["AccessKeyMetadata"] == []
    for role in ("before", "after"):
        engines.ask("POST", f"auth/approle/role/{role}", {"token_ttl": "1m"})
    async with engines.connect() as server:
        roles = [AppRoleMaker(server, "approle", role, CANARY) for role in ("before", "after")]
        old = await roles[0].apply(await roles[0].prepare(1, None), None)
        fresh = AppRoleMaker(server, "approle", "after", SecretText("another-canary-77aa"))
        new = await fresh.apply(await fresh.prepare(2, old), old)
        assert await fresh.still_works(old)
        await fresh.end(old, new)
        assert await fresh.is_dead(old)
        assert await fresh.verify(new)
        keys = [TransitKeyMaker(server, "transit", key) for key in ("before", "after")]
        old = await keys[0].apply(await keys[0].prepare(1, None), None)
        with pytest.raises(Stalled, match="no other key can replace"):
            await keys[1].prepare(2, old)
