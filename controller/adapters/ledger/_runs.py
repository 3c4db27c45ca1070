"""What every ledger says of runs."""

from controller.diagnostics.errors import Bug

RUNS_KEPT = 50
"""Runs kept of each subject, with their steps; open ones are never removed."""


def run_id(subject: str, number: int) -> str:
    """Name the run with this number among the runs of its subject."""
    return f"{subject}#{number}"


def no_such_run(run: str) -> Bug:
    """Say that a run was named that was never begun."""
    return Bug.because(f"the ledger has no run `{run}`", code="ledger/no-such-run")
