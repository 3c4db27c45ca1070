"""A `terraform` or `tofu` binary, driven through a subclass of python-terraform."""

import asyncio
import codecs
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NoReturn

from python_terraform import IsFlagged, Terraform

from controller.adapters.engine._lines import Lines
from controller.adapters.engine._operations import TerraformEngine
from controller.adapters.engine._process import identify
from controller.adapters.engine._runner import Command, Finished, OnLine
from controller.adapters.engine.packages import Packages
from controller.diagnostics.errors import EngineFailed, EngineRefused
from controller.ports.engine import EngineCapabilities, EngineVersion, OnProcess

UNDER_PARENT = Path(__file__).with_name("_under_parent.py")
CHUNK = 65536
LISTEN_SECONDS = 0.1
NAMES = {"Terraform": "terraform", "OpenTofu": "tofu"}
VERSION = re.compile(r"(Terraform|OpenTofu) v((\d+)\.(\d+)\S*)")
MINIMUM = {"terraform": (1, 5), "tofu": (1, 6)}
"""The first versions that have all that we ask for; older ones are refused."""
ENCRYPTS_STATE = ("tofu", (1, 7))
EPHEMERAL = {"terraform": (1, 10), "tofu": (1, 11)}


async def connect(
    binary: str,
    environment: Mapping[str, str],
    *,
    size: int = 4,
    packages: Packages | None = None,
    backend_config: Path | None = None,
) -> TerraformEngine:
    """Look at a binary (a name on the environment's PATH, or a path) and give the engine.

    `environment` is all that it gets (`environment.build_environment`); `size` says how many may
    run at a time. Raises EngineRefused when there is no such binary or when it is too old.
    """
    program = shutil.which(binary, path=environment["PATH"])
    if program is None:
        raise EngineRefused.because(
            f"there is no `{binary}` here",
            hint="install it, or let the environment use the engine `embedded`",
        )
    runner = _Commands(program, environment, size)
    await runner.look()
    return TerraformEngine(runner, environment, packages=packages, backend_config=backend_config)


class _Commands:
    """Starts one process a command."""

    def __init__(self, program: str, environment: Mapping[str, str], size: int) -> None:
        self._program = program
        self._environment = dict(environment)
        self._places = asyncio.Semaphore(size)
        self._version = EngineVersion("", "")
        self._numbers = (0, 0)

    @property
    def version(self) -> EngineVersion:
        return self._version

    @property
    def capabilities(self) -> EngineCapabilities:
        name = self._version.name
        return EngineCapabilities(
            state_encryption=name == ENCRYPTS_STATE[0] and self._numbers >= ENCRYPTS_STATE[1],
            ephemeral_values=self._numbers >= EPHEMERAL[name],
            lock_without_hashes=name == "terraform",
        )

    @property
    def warm_places(self) -> int:
        return 0

    async def look(self) -> None:
        """Learn which engine this is. Raises EngineRefused when it is too old or not one at all."""
        home = Path(self._environment["HOME"])
        # Not as JSON: there OpenTofu answers as Terraform does.
        said = VERSION.match((await self.run(home, Command("version"))).output)
        if said is None:
            raise EngineRefused.because(f"`{self._program}` is not Terraform")
        name, version = NAMES[said[1]], said[2]
        self._numbers = int(said[3]), int(said[4])
        self._version = EngineVersion(name, version)
        if self._numbers < MINIMUM[name]:
            least = ".".join(str(number) for number in MINIMUM[name])
            raise EngineRefused.because(
                f"`{self._program}` is {self._version}; at least {name} {least} is needed",
                hint="install a newer one, or let the environment use the engine `embedded`",
            )

    async def run(
        self,
        directory: Path,
        command: Command,
        *,
        on_process: OnProcess | None = None,
        on_line: OnLine | None = None,
    ) -> Finished:
        """See `Runner.run`."""
        flags = {
            name.replace("-", "_"): IsFlagged if value is True else value
            for name, value in command.flags.items()
        }
        async with self._places:
            secrets = {f"TF_VAR_{name}": text.reveal() for name, text in command.secrets.items()}
            environment = {**self._environment, **secrets}
            terraform = _Terraform(self._program, directory, environment)
            terraform.on_process, terraform.on_line = on_process, on_line
            return await terraform.cmd(command.words, *command.arguments, **flags)

    async def close(self) -> None:
        """Nothing is left between commands."""


class _Terraform(Terraform):  # type: ignore[misc]  # python-terraform has no types
    """python-terraform's command line, run our way.

    Its own way blocks, hands on our whole environment, shows nothing before the end and cannot be
    asked to stop; it reads the backend's configuration as if it were the state, and it turns every
    misspelt attribute into a command.
    """

    def __init__(self, program: str, directory: Path, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.on_process: OnProcess | None = None
        self.on_line: OnLine | None = None
        super().__init__(
            working_dir=str(directory), terraform_bin_path=program, is_env_vars_included=False
        )

    def __getattr__(self, item: str) -> NoReturn:
        raise AttributeError(item)

    def read_state_file(self, file_path: str | None = None) -> None:
        """Do nothing: the state is read by `_state_file`."""

    async def cmd(self, cmd: str, *args: str, **kwargs: Any) -> Finished:
        """Run a command to its end; cancelling sends one SIGINT and waits on."""
        vector: list[str] = self.generate_cmd_string(cmd, *args, **kwargs)
        home = self.environment["HOME"]
        # Files, not pipes: a Terraform whose reader has died is killed by SIGPIPE, and it may be
        # writing its state just then. They have no name, so nothing of them stays.
        with TemporaryFile(dir=home) as output, TemporaryFile(dir=home) as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(UNDER_PARENT), str(os.getpid()), *vector),
                stdin=PIPE,
                stdout=output,
                stderr=errors,
                env=dict(self.environment),
                cwd=self.working_dir,
                start_new_session=True,
            )
            return await self._attend(
                process, _Tail(output.fileno(), self.on_line), _Tail(errors.fileno(), None)
            )

    async def _attend(self, process: Process, output: "_Tail", errors: "_Tail") -> Finished:
        """Follow a process to its end, however often we are told to stop."""
        work = asyncio.gather(
            self._announce(process),
            self._listen(process, output),
            return_exceptions=True,
        )
        cancelled: asyncio.CancelledError | None = None
        while not work.done():
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError as asked:
                if cancelled is None and process.returncode is None:
                    process.send_signal(signal.SIGINT)
                cancelled = cancelled or asked
        code = process.returncode if process.returncode is not None else -1
        died = EngineFailed.because(
            f"the engine's process {process.pid} was ended by signal {-code}",
            hint="look at the machine's memory, and plan again",
            code="engine/process-died",
        )
        if cancelled is not None:
            raise cancelled from (died if code < 0 else None)
        for result in work.result():
            if isinstance(result, BaseException):
                raise result
        output.read()
        errors.read()
        output.lines.end()
        if code < 0:
            raise died
        return Finished(code, output.lines.text, errors.lines.text)

    async def _listen(self, process: Process, output: "_Tail") -> None:
        """Wait for the end, and hand on what is said meanwhile."""
        end = asyncio.ensure_future(process.wait())
        while self.on_line is not None and not end.done():
            await asyncio.wait([end], timeout=LISTEN_SECONDS)
            output.read()
        await end

    async def _announce(self, process: Process) -> None:
        """Tell who works and let it begin; without a word from us it ends."""
        assert process.stdin is not None  # noqa: S101 — made with PIPE
        try:
            if self.on_process is not None:
                await self.on_process(identify(process.pid))
            process.stdin.write(b"\n")
        finally:
            process.stdin.close()


class _Tail:
    """Reads a file that grows; its place is its own, whoever writes."""

    def __init__(self, descriptor: int, on_line: OnLine | None) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._offset = 0
        self.lines = Lines(on_line)

    def read(self) -> None:
        """Take what is new."""
        while chunk := os.pread(self._descriptor, CHUNK, self._offset):
            self._offset += len(chunk)
            self.lines.take(self._decoder.decode(chunk))
