"""Which controller a command asks: the options for it, and what they mean."""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

import click

from controller.cli.client import Client
from controller.cli.surroundings import surroundings
from controller.diagnostics.errors import Stalled

P = ParamSpec("P")
R = TypeVar("R")

DATA = Path(".trueup")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class NoController(Stalled):
    """There is no controller to ask, or no token to ask with."""

    code = "cli/no-controller"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the controller is, as far as the user has said."""

    server: str | None
    token_file: Path | None
    data: Path | None
    settings: Path | None

    def connect(self) -> Client:
        """Give a client of the controller. Raises NoController, Stalled for unusable settings."""
        url = self.server or self._running()
        scheme, host = _parts(url)
        if scheme == "http" and host not in LOOPBACK:
            click.echo(f"warning: the token travels to {host} in clear; use https", err=True)
        return Client(
            url,
            self._token(is_here=host in LOOPBACK),
            is_here=host in LOOPBACK,
            transport=surroundings().transport,
        )

    def data_folder(self) -> Path:
        """Tell where the controller keeps its data: the option, the settings, or the default."""
        if self.data is not None:
            return self.data
        from controller.cli.settings_file import FILE, read_settings, settings_of
        from controller.settings import are_in_variables

        if self.settings is not None:
            return read_settings(self.settings).data
        return settings_of(None).data if FILE.is_file() or are_in_variables() else DATA

    def _running(self) -> str:
        file = self.data_folder() / "server.json"
        try:
            return str(json.loads(file.read_text(encoding="utf-8"))["url"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoController.because(
                f"no controller runs here: `{file}` does not name one",
                hint="start one with `trueup serve` or `trueup demo`, go to the folder where it "
                "was started, or name it with `--server URL --token-file FILE`",
            ) from error

    def _token(self, *, is_here: bool) -> str:
        if self.token_file is None and not is_here:
            raise NoController.because(
                "the local token is for the controller of this machine only",
                hint="name the file of your own token with `--token-file FILE`",
            )
        file = self.token_file or self.data_folder() / "token"
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise NoController.because(
                f"the token file `{file}` cannot be read",
                hint="name the file of your token with `--token-file FILE`",
            ) from error


def _parts(url: str) -> tuple[str, str]:
    """Give scheme and host. Raises NoController for what is no address."""
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
    except ValueError:
        scheme, host = "", None
    if scheme not in {"http", "https"} or not host:
        raise NoController.because(
            f"`{url}` is no address of a controller", hint="write it as `http://127.0.0.1:8080`"
        )
    return scheme, host


def asks_controller(command: Callable[Concatenate[Client, P], R]) -> Callable[P, R]:
    """Give a command the options that name a controller, and a client of it as first argument."""

    @functools.wraps(command)
    def wrapped(place: Place, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with place.connect() as client:
            return command(client, *args, **kwargs)

    return names_controller(wrapped)


def names_controller(command: Callable[Concatenate[Place, P], R]) -> Callable[P, R]:
    """Give a command the options that name a controller, which it may ask or not."""

    @click.option("--server", metavar="URL", help="The controller's address.")
    @click.option(
        "--token-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="File with your token.  [default: `token` in the data folder]",
    )
    @click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        help="Data folder of the controller on this machine.  [default: what `trueup.yaml` says, "
        "or `.trueup`]",
    )
    @click.option(
        "--settings",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Settings file that names the data folder.  [default: `trueup.yaml`]",
    )
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        def take(name: str) -> object:
            return kwargs.pop(name, None)

        server, token_file, data, settings = map(take, ("server", "token_file", "data", "settings"))
        place = Place(
            server=server if isinstance(server, str) else None,
            token_file=token_file if isinstance(token_file, Path) else None,
            data=data if isinstance(data, Path) else None,
            settings=settings if isinstance(settings, Path) else None,
        )
        return command(place, *args, **kwargs)

    return wrapped
