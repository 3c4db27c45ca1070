"""`trueup policy`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.cli import output
from controller.cli.examples import example
from controller.cli.exit_codes import ExitCode
from controller.cli.output import Column, print_table

if TYPE_CHECKING:
    from controller.wiring.policy_cases import PolicyCase

CASES: Sequence[Column] = (
    Column("PLAN", lambda one: one["path"]),
    Column("WANTED", lambda one: one["wanted"]),
    Column("RIGHT", lambda one: "yes" if one["right"] else "no"),
    Column("SAID", lambda one: one["problem"] or "; ".join(one["said"]), wraps=True),
)


@click.group(epilog=example("trueup policy test policies"))
def command() -> None:
    """Try policies of your own on plans in files."""


@command.command(epilog=example("trueup policy test policies"))
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@output.OUTPUT
def test(path: Path, *, form: str) -> ExitCode:
    """Ask the policies of a folder about plans in it.

    Of a plan in a folder `pass` they must say nothing, of one in `fail` something. Ends with 1
    when one is wrong.
    """
    from controller.wiring import policy_cases

    found = policy_cases.run_cases(path)
    cases = [_plain(case) for case in found]
    if form == "json":
        output.print_json(cases)
    else:
        print_table(CASES, cases, empty="no plans")
    return ExitCode.DONE if all(case.is_right for case in found) else ExitCode.REFUSED


def _plain(case: "PolicyCase") -> dict[str, object]:
    return {
        "path": case.path,
        "wanted": case.wanted,
        "right": case.is_right,
        "said": list(case.said),
        "problem": case.problem,
    }
