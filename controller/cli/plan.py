"""`trueup plan`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.cli import output
from controller.cli.examples import example
from controller.cli.exit_codes import ExitCode, exit_code_of
from controller.cli.output import cell
from controller.cli.place import Place

if TYPE_CHECKING:
    from controller.model.plan import Plan, ResourceChange
    from controller.model.risk import Risk
    from controller.wiring.offline import Planned

SIGNS = {
    "create": "+", "update": "~", "replace": "±", "delete": "-", "read": "<", "import": "=",
    "forget": ".",
}  # fmt: skip


@click.command(epilog=example("trueup plan platform-config -e dev"))
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-e", "--environment", help="Only this environment.")
@click.option("-s", "--stack", help="Only this stack.")
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="End with 2 when there are changes, as Terraform does.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data folder with the states to plan against.  [default: what `trueup.yaml` says, or "
    "`.trueup`]",
)
@output.OUTPUT
def command(
    path: Path,
    *,
    environment: str | None,
    stack: str | None,
    detailed_exitcode: bool,
    data: Path | None,
    form: str,
) -> int:
    """Show what would change, and what policy says of it.

    Nothing is applied, and states are copied before they are read. Sensitive values are not shown.
    """
    from controller.wiring import offline

    place = Place(server=None, token_file=None, data=data, settings=None)
    found = offline.plan(path, environment, stack, place.data_folder())
    if form == "json":
        output.print_json([_plain(planned) for planned in found])
    else:
        for planned in found:
            _print(planned)
        if not found:
            click.echo("there are no units", err=True)
    return _exit_code(found, detailed=detailed_exitcode)


def _exit_code(found: Sequence["Planned"], *, detailed: bool) -> ExitCode:
    codes = {exit_code_of(problem) for _, _, _, problem in found if problem is not None}
    if codes - {ExitCode.WAITING}:
        return ExitCode.REFUSED
    for _, plan, verdict, _ in found:
        is_only_early = plan is not None and plan.provisional
        if verdict is not None and verdict.ruling == "denied" and not is_only_early:
            return ExitCode.REFUSED
    if codes:
        return ExitCode.WAITING
    changes = any(plan is not None and not plan.is_empty for _, plan, _, _ in found)
    return ExitCode.CHANGES if detailed and changes else ExitCode.DONE


def _print(planned: "Planned") -> None:
    unit, plan, verdict, problem = planned
    if plan is None:
        click.echo(f"{unit}: {cell(str(problem))}")
        return
    ruling = f" ({verdict.ruling})" if verdict and not plan.is_empty else ""
    click.echo(f"{unit}: {plan.summary()}{ruling}")
    risk = verdict.risk if verdict and not plan.is_empty else None
    if risk is not None:
        click.echo(f"  risk {risk}")
        for told in risk.top():
            click.echo(f"    {cell(str(told))}")
    for change in plan.changes:
        _print_change(change)
    if not plan.is_origin_noted:
        click.echo("  not known: whether its providers look elsewhere than where it was made")
    for reason in plan.provisional:
        click.echo(f"  provisional: {cell(reason)}")
    for finding in verdict.findings if verdict else ():
        click.echo(f"  {finding.level}[{finding.rule}]: {cell(finding.message)}")
    if problem is not None:
        click.echo(f"  problem: {cell(str(problem))}")


def _print_change(change: "ResourceChange") -> None:
    action = str(change.action)
    click.echo(f"  {SIGNS.get(action, ' ')} {cell(change.address)}")
    for attribute in change.attributes:
        before = "(none)" if attribute.before is None else cell(attribute.before)
        after = "(known after apply)" if attribute.after is None else cell(attribute.after)
        text = {"create": after, "delete": before}.get(action, f"{before} → {after}")
        click.echo(
            f"      {cell(attribute.path)}: {'(sensitive)' if attribute.sensitive else text}"
        )


def _plain(planned: "Planned") -> dict[str, Any]:
    unit, plan, verdict, problem = planned
    return {
        "unit": str(unit),
        "summary": plan.summary() if plan else None,
        "digest": plan.digest if plan else None,
        "changes": _changes(plan) if plan else [],
        "provisional": list(plan.provisional) if plan else [],
        "moved": _moved(plan) if plan else [],
        "ruling": str(verdict.ruling) if verdict else None,
        "findings": [
            {
                "rule": finding.rule,
                "level": str(finding.level),
                "message": finding.message,
                "address": finding.address,
            }
            for finding in (verdict.findings if verdict else ())
        ],
        "risk": _risk(verdict.risk) if verdict and verdict.risk else None,
        "problem": None if problem is None else str(problem),
    }


def _moved(plan: "Plan") -> list[str] | None:
    """Give which providers look elsewhere than where it was made; None when nobody can know."""
    return list(plan.moved) if plan.is_origin_noted else None


def _risk(risk: "Risk") -> dict[str, Any]:
    return {
        "score": risk.score,
        "level": str(risk.level),
        "reasons": [
            {
                "points": reason.points,
                "code": reason.code,
                "sentence": reason.sentence,
                "address": reason.address,
            }
            for reason in risk.reasons
        ],
    }


def _changes(plan: "Plan") -> list[dict[str, Any]]:
    return [
        {
            "address": change.address,
            "action": str(change.action),
            "attributes": [
                {"path": attribute.path, "sensitive": True}
                if attribute.sensitive
                else {"path": attribute.path, "before": attribute.before, "after": attribute.after}
                for attribute in change.attributes
            ],
        }
        for change in plan.changes
    ]
