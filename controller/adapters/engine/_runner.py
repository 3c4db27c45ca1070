"""How one command of Terraform is run: the part in which the adapters differ."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from controller.diagnostics.secret import SecretText
from controller.ports.engine import EngineCapabilities, EngineVersion, OnProcess

OnLine = Callable[[str], None]
Flag = str | Literal[True]


@dataclass(frozen=True)
class Command:
    """One command: `state push`, `-input=false`, file. A flag that is True has no value.

    `secrets` are variables that stand on no command line and in no file.
    """

    words: str
    flags: Mapping[str, Flag] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    secrets: Mapping[str, SecretText] = field(default_factory=dict)

    def vector(self) -> list[str]:
        """Give the words of the command line, without the program and the directory."""
        flags = [
            f"-{name}" if value is True else f"-{name}={value}"
            for name, value in self.flags.items()
        ]
        return [*self.words.split(), *flags, *self.arguments]


@dataclass(frozen=True)
class Finished:
    """A command that came to its end by itself. Not printable: the output may hold secrets."""

    code: int
    output: str = field(repr=False)
    errors: str = field(repr=False)


class Runner(Protocol):
    """Runs commands in directories, side by side for different ones."""

    @property
    def version(self) -> EngineVersion: ...

    @property
    def capabilities(self) -> EngineCapabilities: ...

    @property
    def warm_places(self) -> int:
        """How many processes stay after a command, and are worth loading providers in."""

    async def run(
        self,
        directory: Path,
        command: Command,
        *,
        on_process: OnProcess | None = None,
        on_line: OnLine | None = None,
    ) -> Finished:
        """Run to the end; `on_line` gets each line of the output as it comes.

        Cancelling asks the engine once to stop, waits for its end and raises CancelledError then.
        Raises EngineFailed when the process died.
        """

    async def close(self) -> None: ...
