"""A program of the user's that tells a third party of a new value.

The settings name the programs; a document picks one by its name. Run without a shell, with nothing
in the environment and the value on stdin, as one JSON object. What the program prints is thrown
away: it could hold the value.
"""

import asyncio
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from controller.diagnostics.errors import Stalled, Transient
from controller.diagnostics.secret import SecretText
from controller.model.material import Material


@dataclass(frozen=True, slots=True)
class CommandMaker:
    """Implements `ports.credential.Maker`."""

    name: str
    program: Sequence[str]
    """Absolute path and first arguments; the verb comes last."""
    secret: str
    """The name of the secret, for the program."""
    fresh: SecretText
    """A text that nobody knows, for a value that is to be made."""
    seconds: float
    kind = "command"
    proof = ""

    def fits(self, material: Material) -> bool:
        """Tell whether the same program was told of it."""
        return material.facts.get("command") == self.name

    def renew_at(self, material: Material) -> datetime | None:
        """A value has no end of its own."""
        del material
        return None

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give `value`, and `previous` while it counts."""
        fields = {"value": material.text}
        return fields if previous is None else {**fields, "previous": previous.text}

    async def prepare(self, generation: int, current: Material | None) -> Material:
        """Make a text. Raises Stalled when another program would have to end the old one."""
        if current is not None and not self.fits(current):
            raise Stalled.because(
                f"the command `{current.facts.get('command')}` was told of what is delivered",
                hint="give the secret of another command another name",
                code="secrets/occupied",
            )
        facts = {"command": self.name, "generation": str(generation)}
        return Material("", self.fresh, facts)

    async def apply(self, prepared: Material, current: Material | None) -> Material:
        """Let the program set the value, beside the current one."""
        await self._run("apply", prepared, current)
        return replace(prepared)

    async def verify(self, material: Material) -> bool:
        """Let the program use the value; that it is refused is an answer."""
        return await self._run("verify", material, None, may_refuse=True)

    async def still_works(self, material: Material) -> bool:
        """A third party is not asked every few minutes."""
        del material
        return True

    async def is_used(self, material: Material) -> bool:
        """Nobody can tell."""
        del material
        return True

    async def end(self, old: Material, current: Material) -> None:
        """Let the program end the old value."""
        await self._run("retire", old, current)

    async def is_dead(self, old: Material) -> bool:
        """Let the program try the old value: it must be refused."""
        return not await self.verify(old)

    async def _run(
        self, verb: str, material: Material, other: Material | None, *, may_refuse: bool = False
    ) -> bool:
        told = {
            "secret": self.secret,
            "generation": int(material.facts.get("generation", "0")),
            "value": material.text.reveal(),
        }
        if other is not None:
            told["other"] = other.text.reveal()
        code = await _exit_code((*self.program, verb), json.dumps(told).encode(), self.seconds)
        match code:
            case 0:
                return True
            case 1 if may_refuse:
                return False
            case 1:
                raise Stalled.because(
                    f"the command `{self.name}` refused to {verb} (exit code 1)",
                    hint="look at what it logged",
                    code="secrets/command-refused",
                )
            case None:
                raise Transient.because(
                    f"the command `{self.name}` took more than {self.seconds:g} s to {verb}",
                    code="secrets/command-failed",
                )
            case _:
                raise Transient.because(
                    f"the command `{self.name}` failed to {verb} (exit code {code})",
                    hint="0 says done, 1 refused, 75 again",
                    code="secrets/command-failed",
                )


async def _exit_code(program: Sequence[str], content: bytes, seconds: float) -> int | None:
    """Run a program to its end; None when its time was over: it and its children are killed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL, env={}, cwd="/", start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise Stalled.because(
            f"`{program[0]}` cannot be started: {error.strerror}",
            hint="`rotation_commands` in the settings names it",
            code="secrets/command-refused",
        ) from error
    try:
        await asyncio.wait_for(process.communicate(content), seconds)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return process.returncode
