"""The table of commands. A command's module is loaded when it is called, so that help is quick."""

import difflib
import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from controller import __version__
from controller.cli.exit_codes import ExitCode, exit_code_of
from controller.diagnostics.errors import TrueupError

if TYPE_CHECKING:
    from controller.cli.surroundings import Surroundings

EPILOG = (
    "Exit codes: 0 done, 1 refused, 2 changes (with --detailed-exitcode), 64 wrong use, "
    "70 a bug of ours, 75 come again later, 130 interrupted."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as the help lists it; its module has its name and holds a `command`."""

    section: str
    help: str


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry("Begin", "Play the main job on this machine, from an empty folder."),
    "serve": Entry("Begin", "Run the controller, with API and pages."),
    "validate": Entry("Config repository", "Check documents without touching the world."),
    "render": Entry("Config repository", "Write the Terraform workspaces of an environment."),
    "plan": Entry("Config repository", "Show what would change, and what policy says of it."),
    "forecast": Entry("Config repository", "Show what load is to come, and what that rests on."),
    "capacity": Entry("Config repository", "Show how much is enough until when, and propose it."),
    "migrate": Entry(
        "Config repository", "Bring documents of an old `apiVersion` to the present one."
    ),
    "policy": Entry("Config repository", "Try policies of your own on plans in files."),
    "schema": Entry("Config repository", "Print the JSON Schema of documents, for editors."),
    "explain": Entry("Config repository", "Explain a diagnostic by its code."),
    "get": Entry("Looking", "List things: units, stages, releases, secrets, findings and more."),
    "describe": Entry("Looking", "Show all that is known of one thing."),
    "tree": Entry("Looking", "Show what there is of a product, and what hangs on what."),
    "history": Entry("Looking", "Show every decision that moved or held a stage."),
    "decision": Entry("Looking", "List, show and check the records of decisions."),
    "trace": Entry("Looking", "Show where a commit has got to, and what it waits for."),
    "events": Entry("Looking", "Show what has happened, and follow it."),
    "approve": Entry("Acting", "Approve a release, a plan, a request, or what piled up."),
    "promote": Entry("Acting", "Ask for a verified release to be let into a stage."),
    "gate": Entry("Acting", "Look at load gates, run one by hand, cancel a run."),
    "hold": Entry("Acting", "Keep a stage at the release that it is at."),
    "lift": Entry("Acting", "End the hold of a stage."),
    "rollback": Entry("Acting", "Bring a stage back to an earlier release, and hold it there."),
    "abort": Entry("Acting", "Break a promotion off that is asked for or under way."),
    "reconcile": Entry("Acting", "Ask for a look at the repository, a stage or a unit now."),
    "drift": Entry("Acting", "Ask for a look whether a unit is still what was applied."),
    "adopt": Entry("Acting", "Turn the drift of a unit into an edit of the repository."),
    "suspend": Entry("Acting", "Stop looking after a stage or a unit."),
    "resume": Entry("Acting", "Look after a stage or a unit again."),
    "unlock": Entry("Acting", "Break the lock of a unit's state, by its id."),
    "state": Entry("Acting", "Show earlier states of a unit, and bring one back."),
    "gc": Entry("Acting", "Take away what nobody needs any more, or tell what would go."),
    "reload": Entry("Acting", "Have the controller read its settings anew."),
    "rotate": Entry("Acting", "Rotate a secret, or all that an owner or a label holds, now."),
    "secrets": Entry("Acting", "Ask for secrets and credentials; look after their server."),
    "bench": Entry("Looking", "Run a published benchmark, beside the plain tools."),
    "version": Entry("Begin", "Print the version."),
}


class LazyGroup(click.Group):
    """Lists commands from the table, and loads the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"controller.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; ask about what looks mistyped."""
        close = difflib.get_close_matches(args[0], COMMANDS, n=1)
        if args[0] not in COMMANDS and close:
            ctx.fail(f"there is no command `{args[0]}`; did you mean `{close[0]}`?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table by sections, without loading anything."""
        del ctx
        for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
            with formatter.section(section):
                formatter.write_dl(
                    [(n, entry.help) for n, entry in COMMANDS.items() if entry.section == section]
                )


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="trueup %(version)s")
def trueup() -> None:
    """Keep a platform true to its Git repository.

    Start with `trueup demo`. Every command tells more with `--help`.
    """


def main(arguments: Sequence[str] | None = None, surroundings: "Surroundings | None" = None) -> int:
    """Run one command and give its exit code; says on stderr why it stopped."""
    try:
        result = trueup.main(arguments, prog_name="trueup", standalone_mode=False, obj=surroundings)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last net
        return _stopped(error, arguments)
    return int(result) if isinstance(result, int) else ExitCode.DONE


def _stopped(error: BaseException, arguments: Sequence[str] | None) -> ExitCode:
    """Say why a command stopped, and what that means in a number."""
    from controller.cli import failures

    if failures.asks_for_json(sys.argv[1:] if arguments is None else arguments):
        failures.tell_programs(error)
    if isinstance(error, click.ClickException):
        error.show()
        return ExitCode.USAGE if isinstance(error, click.UsageError) else ExitCode.REFUSED
    if isinstance(error, click.Abort | KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    if isinstance(error, TrueupError):
        failures.show(error)
        return exit_code_of(error)
    failures.report(error, _called(arguments))
    return ExitCode.BUG


def _called(arguments: Sequence[str] | None) -> str:
    """Name the command that was called; other words may hold what no report should."""
    words = sys.argv[1:] if arguments is None else arguments
    return next((word for word in words if word in COMMANDS), "")
