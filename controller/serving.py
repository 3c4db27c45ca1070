"""`trueup serve`: the controller's loop and its pages in one process, until it is told to end."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog
import uvicorn
from starlette.applications import Starlette

from controller.diagnostics.errors import Stalled, TrueupError
from controller.diagnostics.secret import SecretText
from controller.reloading import Reloading, token_file
from controller.settings import Listen, Settings
from controller.telemetry import logs
from controller.web.asgi import application
from controller.web.authority import Authority, local_token
from controller.wiring.controller import Controller, controller

_log = structlog.get_logger(__name__)


def serve(settings: Settings, reread: Callable[[], Settings]) -> None:
    """Run until SIGTERM or SIGINT; then end what is under way gracefully.

    `reread` gives the settings anew, when somebody asks for it or on SIGHUP. Raises Stalled when
    another controller holds the folder, or the port is taken.
    """
    logs.set_up(settings.log_level)
    asyncio.run(_serve(settings, reread))


async def _serve(settings: Settings, reread: Callable[[], Settings]) -> None:
    loop = asyncio.get_running_loop()
    stop, hung_up = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, hung_up.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with controller(settings) as running:
        authority = Authority.of(settings.users, local_token=local_token(token_file(settings)))
        reload = running.app.on_reload = Reloading(running, authority, settings, reread)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(_reload_when(hung_up, reload))
            await _run(running, settings, authority, stop)
            listening.cancel()
    _log.info("stopped")


async def _reload_when(told: asyncio.Event, reload: Callable[[str], Awaitable[str]]) -> None:
    while await told.wait():
        told.clear()
        try:
            _log.info("settings were read anew", said=await reload("SIGHUP"))
        except TrueupError as error:
            _log.error("settings stay as they were", error=str(error))


async def _run(
    running: Controller, settings: Settings, authority: Authority, stop: asyncio.Event
) -> None:
    data = settings.data.absolute()
    where = data / "server.json"
    web = application(
        running.app,
        authority,
        public_view=settings.public_view,
        hosts=(settings.listen.host, *settings.listen.names),
        webhooks=_webhook_secrets(settings),
    )
    async with _listening(web, settings.listen) as url, asyncio.TaskGroup() as group:
        work = group.create_task(running.loop.run())
        _announce(where, url)
        _log.info("serving", url=url)
        await stop.wait()
        _log.info("stopping: what is under way is ended first")
        where.unlink(missing_ok=True)
        work.cancel()


@asynccontextmanager
async def _listening(web: Starlette, listen: Listen) -> AsyncIterator[str]:
    """Serve on a socket that is bound before anything is announced; gives the address."""
    try:
        bound = socket.create_server((listen.host, listen.port), backlog=128)
    except OSError as error:
        raise Stalled.because(
            f"port {listen.port} of {listen.host} cannot be used: {error.strerror}",
            hint="set `listen.port`, or 0 for a free one",
        ) from error
    with bound:
        configuration = uvicorn.Config(
            web, log_config=None, access_log=False, lifespan="off", server_header=False,
            timeout_graceful_shutdown=3,
        )  # fmt: skip
        server = _Quiet(configuration)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(server.serve(sockets=[bound]))
            while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event
                await asyncio.sleep(0.01)
            try:
                yield f"http://{listen.host}:{bound.getsockname()[1]}"
            finally:
                server.should_exit = True


class _Quiet(uvicorn.Server):
    """A server that leaves signals to us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


def _webhook_secrets(settings: Settings) -> dict[str, SecretText]:
    files = settings.webhooks
    named = {
        "github": files.github_secret_file,
        "gitlab": files.gitlab_secret_file,
        "gitea": files.gitea_secret_file,
        "generic": files.generic_secret_file,
    }
    return {name: _webhook_secret(path) for name, path in named.items() if path is not None}


def _webhook_secret(path: Path) -> SecretText:
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Stalled.because(
            f"`{path}` cannot be read: {error}", hint="`webhooks` of the settings names it"
        ) from error
    if not found:
        raise Stalled.because(
            f"`{path}` holds no secret", hint="put a long random text into it, or take it away"
        )
    return SecretText(found)


def _announce(where: Path, url: str) -> None:
    """Tell the command line where we are, at once or not at all."""
    draft = where.with_suffix(".part")
    draft.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    draft.replace(where)
