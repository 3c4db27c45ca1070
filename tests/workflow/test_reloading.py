"""Settings that are read anew: what can count at once does, and a broken file changes nothing."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from controller.cli.settings_file import read_settings
from controller.diagnostics.errors import ConfigurationWrong
from controller.model.caller import Caller, Role
from controller.permission import NotAllowed
from controller.reloading import Reloading
from controller.web.authority import Authority, digest_of, local_token
from controller.wiring.controller import Controller
from tests.support.worlds import Life, MemoryWorld

USERS = """\
repository: {{url: /srv/config}}
data: {data}
limits: {{units: {units}, engine_workers: {workers}}}
users:
  - {{name: grace, role: {role}, token_sha256: {token}}}
retention: {{events: {events}}}
"""


@dataclass
class Served:
    """A controller with a settings file."""

    life: Life
    file: Path
    authority: Authority
    reload: Reloading

    @classmethod
    def begin(cls, folder: Path) -> "Served":
        """Start it with the settings as they are without any change."""
        life, file = MemoryWorld().start(), folder / "trueup.yaml"
        _write(file)
        settings = read_settings(file)
        authority = Authority.of(settings.users, local_token=local_token(folder / "token"))
        running = Controller(life.app, life.loop, life.parts.world.dispatcher)
        running.tune(settings)
        reload = Reloading(running, authority, settings, lambda: read_settings(file))
        return cls(life, file, authority, reload)


def _write(file: Path, **changed: object) -> None:
    said = {
        "units": 2,
        "workers": 2,
        "role": "approver",
        "token": digest_of("old"),
        "events": 86400,
    }
    file.write_text(USERS.format(data=file.parent, **{**said, **changed}))


async def test_users_limits_and_retention_count_at_once(tmp_path: Path) -> None:
    served = Served.begin(tmp_path)
    before = served.authority.recognise("old")
    assert before is not None
    _write(served.file, units=5, token=digest_of("new"), events=172800)
    said = await served.reload("ada")
    assert said == (
        "count now: `limits.units`, `users`, `retention.events`; from the next start on: nothing"
    )
    assert served.authority.recognise("old") is None
    assert not served.authority.knows(before)  # so that her sessions end as well
    grace = served.authority.recognise("new")
    assert grace is not None
    assert (grace.name, grace.role) == ("grace", Role.APPROVER)
    world = served.life.parts.world
    assert world.tuning.retention.events == timedelta(days=2)
    assert world.people == {"local", "grace"}
    assert world.dispatcher._lanes["unit"] == 5
    assert await served.life.events("SettingsReloaded") == [f"settings:file ada: {said}"]


async def test_who_is_not_changed_stays_signed_in(tmp_path: Path) -> None:
    served = Served.begin(tmp_path)
    grace, local = (
        served.authority.recognise(token) for token in ("old", local_token(tmp_path / "token"))
    )
    _write(served.file, units=3)
    await served.reload("ada")
    assert grace is not None and local is not None
    assert served.authority.knows(grace)
    assert served.authority.knows(local)


async def test_what_needs_a_start_is_told_until_it_is_as_it_was(tmp_path: Path) -> None:
    served = Served.begin(tmp_path)
    _write(served.file, workers=4)
    for _ in range(2):  # asked again, it still waits
        assert await served.reload("ada") == (
            "count now: nothing; from the next start on: `limits.engine_workers`"
        )
    ((scope, found),) = await served.life.world.ledger.findings()
    assert (scope, found.code) == ("settings", "settings/needs-start")
    _write(served.file)
    await served.reload("ada")
    assert await served.life.world.ledger.findings() == []


@pytest.mark.parametrize("broken", ["role: none", "units: 0", "no: setting", "{"])
async def test_a_broken_file_changes_nothing_and_is_told(tmp_path: Path, broken: str) -> None:
    served = Served.begin(tmp_path)
    _write(served.file, units=7, token=digest_of("new"))
    served.file.write_text(served.file.read_text() + broken + "\n")
    with pytest.raises(ConfigurationWrong):
        await served.reload("SIGHUP")
    assert served.authority.recognise("old") is not None
    assert served.authority.recognise("new") is None
    assert served.life.parts.world.dispatcher._lanes["unit"] == 2
    (told,) = await served.life.events("SettingsRefused")
    assert told.startswith("settings:file SIGHUP: they stay as they were: ")
    findings = await served.life.world.ledger.findings()
    assert {scope for scope, _ in findings} == {"settings"}
    _write(served.file)
    await served.reload("SIGHUP")
    assert await served.life.world.ledger.findings() == []


async def test_only_an_administrator_asks_for_it(tmp_path: Path) -> None:
    served = Served.begin(tmp_path)
    served.life.app.on_reload = served.reload
    with pytest.raises(NotAllowed):
        await served.life.app.reload(Caller("olga", Role.OPERATOR))
    assert await served.life.app.reload(Caller("ada", Role.ADMIN)) == (
        "count now: nothing; from the next start on: nothing"
    )
