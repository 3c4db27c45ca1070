"""Units of AWS: a first commit, a next one, a look for drift, and the plans of both sides."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from controller.bench import aws
from controller.bench.levers import measure_levers
from controller.bench.plain import Plain
from controller.bench.reconcile_world import OURS, PLAIN, Say, Wish, beside, world
from controller.bench.report import Case
from controller.bench.same_plans import compare, of_our_units
from controller.bench.serving import Serving
from controller.bench.stopwatch import Stopwatch

PATIENCE = 900.0
AGAIN = "aws, first commit after a restart"
COMMITS = (("aws, first commit", "one"), ("aws, next commit", "two"), (AGAIN, "three"))


def measure_aws(wish: Wish, say: Say) -> Sequence[Case]:
    """Measure both sides, each against a moto of its own. Raises Stalled when one is missing."""
    mirror, cases, names = aws.find_mirror(), list[Case](), aws.names()
    with world(wish, mirror) as serving:
        place = serving.place
        plain = Plain.find(place / "plain-home", mirror)
        ours, theirs = place / "ours" / "config", place / "theirs" / "config"
        roots = {name: place / "roots" / name for name in names}
        with aws.moto(ours), aws.moto(theirs):
            # The controller runs when somebody pushes, but has not seen any of these units.
            serving.push(_without_units(ours, wish.engine), "an empty platform")
            serving.start()
            serving.rest(PATIENCE)
            is_beside = bool(wish.cases & {"aws", "aws-drift"})
            for name, note in COMMITS if is_beside else COMMITS[:1]:
                if name == AGAIN:
                    serving.restart(PATIENCE)
                say(f"{name}: ours")
                watch = Stopwatch(serving.cpu_seconds)
                at = serving.push(aws.repository(ours, note=note, engine=wish.engine), name)
                serving.until_ready(at, len(names), PATIENCE)
                our_cost = watch.took()
                if not is_beside:
                    continue
                say(f"{name}: plain")
                watch = Stopwatch()
                for unit, root in roots.items():
                    plain.copy(serving.workspace(unit), root, {str(ours): str(theirs)})
                    plain.reconcile(root)
                if "aws" in wish.cases:
                    case = beside(
                        name, len(names), our_cost, watch.took(), serving,
                        {"ours": OURS, "plain": PLAIN},
                    )  # fmt: skip
                    cases.append(case)
            if "aws-drift" in wish.cases:
                say("a look for drift at every unit")
                cases.append(_drift(serving, plain, roots))
            if "same-plans" in wish.cases:
                say("plans of the fast path and of the plain command line, compared")
                situations = of_our_units(ours)
                found = compare(serving, plain, situations, name="aws, the same plans")
                cases.append(asyncio.run(found))
            if "levers" in wish.cases:
                cases += asyncio.run(measure_levers(serving, plain, say))
    return cases


def _without_units(config: Path, engine: str) -> Mapping[str, str]:
    everything = aws.repository(config, note="", engine=engine)
    return {path: text for path, text in everything.items() if "/place-" not in path}


def _drift(serving: Serving, plain: Plain, roots: Mapping[str, Path]) -> Case:
    asked, watch = datetime.now(UTC), Stopwatch(serving.cpu_seconds)
    for name in roots:
        serving.look_for_drift(name)
    serving.until_looked_at(asked, len(roots), PATIENCE)
    ours = watch.took()
    false = sorted(unit["name"] for unit in serving.units() if unit["drift"])
    watch = Stopwatch()
    for root in roots.values():
        plain.look_for_drift(root)
    return beside(
        "aws, a look for drift", len(roots), ours, watch.took(), serving, {
            "ours": "each unit asked for through the API, until all were looked at",
            "plain": "terraform plan -refresh-only; unit after unit",
            "false_drift": false,
        },
    )  # fmt: skip
