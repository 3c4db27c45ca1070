"""A real server is backed up, loses everything, and comes back."""

import shutil
from pathlib import Path

import pytest

from controller.adapters.secret_store import backup
from controller.adapters.secret_store.backup import KEEPER
from controller.adapters.secret_store.embedded import EmbeddedOpenBao
from controller.adapters.secret_store.upgrade import Outdated, upgrade
from controller.diagnostics.errors import Stalled, StateLocked
from controller.diagnostics.secret import SecretText
from controller.model.delivery import RestoredSecret, SecretReference
from tests.contract.secret_store.made import CANARY, WHERE

pytestmark = pytest.mark.slow


async def test_a_backup_of_a_running_server_brings_secrets_back(made: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "bao"))
    server = await EmbeddedOpenBao.start(folder)
    store = await server.connect()
    try:
        await backup.backup(folder, tmp_path / "snapshot", tmp_path / "keys")
        await store.write(WHERE, {"value": SecretText("later")}, expect=1)
        with pytest.raises(StateLocked):
            await backup.restore(folder, tmp_path / "snapshot", None)
    finally:
        await store.close()
        await server.stop()
    assert (tmp_path / "snapshot").stat().st_mode & 0o077 == 0
    assert CANARY.reveal().encode() not in (tmp_path / "snapshot").read_bytes()
    changes = await backup.compare(folder, tmp_path / "snapshot", None)
    assert changes == (RestoredSecret(WHERE.path, 2, 1),)
    await backup.restore(folder, tmp_path / "snapshot", None)
    assert await value(folder) == CANARY


async def test_a_lost_server_comes_back_on_another_machine_with_its_keys_only(
    made: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "bao"))
    await backup.backup(folder, tmp_path / "snapshot", tmp_path / "keys")
    with pytest.raises(Stalled):
        await backup.backup(folder, tmp_path / "snapshot", None)
    shutil.rmtree(folder)
    await backup.restore(folder, tmp_path / "snapshot", tmp_path / "keys")
    assert await value(folder) == CANARY


async def test_a_server_without_a_keeper_is_made_anew_and_loses_nothing(
    made: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(made, tmp_path / "bao"))
    server = await EmbeddedOpenBao.start(folder)
    store = await server.connect()
    deep = SecretReference("main", "copies/shop/dev/key")
    try:
        assert not server.health().lacks_rights
        for version in range(3):
            fields = {"value": SecretText(f"{version}"), "other": SecretText("π")}
            await store.write(deep, fields, expect=version, marks={"owner": "shop/dev/key"})
        before = await store.survey()
    finally:
        await store.close()
        await server.stop()
    for name in KEEPER:
        (folder / "server" / name).unlink()
    assert await upgrade(folder, do=False) == await upgrade(folder, do=True) == Outdated(2, True)
    assert (folder / "server.before").exists()
    assert await upgrade(folder, do=True) == Outdated(2, False)
    server = await EmbeddedOpenBao.start(folder)
    store = await server.connect()
    try:
        after = await store.survey()
        assert {p: (d.version, d.marks) for p, d in after.items()} == {
            p: (d.version, d.marks) for p, d in before.items()
        }
        assert await store.read(deep) == {"value": SecretText("2"), "other": SecretText("π")}
    finally:
        await store.close()
        await server.stop()


async def value(folder: Path) -> SecretText | None:
    server = await EmbeddedOpenBao.start(folder)
    store = await server.connect()
    try:
        found = await store.read(WHERE)
    finally:
        await store.close()
        await server.stop()
    return None if found is None else found["value"]
