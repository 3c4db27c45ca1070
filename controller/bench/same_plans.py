"""Whether the fast path and the plain command line make the same plans of the same workspaces.

Fast is what the controller does: a warm worker that has planned others before, a workspace that was
initialised as another's twin, a lock file without hashes. Plain is the binary on PATH, which starts
anew each time. Both look at one cloud, from copies of one state, and must see the same in it.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.adapters.engine import embedded
from controller.adapters.engine._init_stamp import OVERRIDE
from controller.adapters.engine._operations import PLAN, TerraformEngine
from controller.adapters.engine._plan_json import read_plan
from controller.adapters.engine._runner import Command
from controller.adapters.engine.environment import build_environment
from controller.adapters.engine.packages import Packages
from controller.bench import aws
from controller.bench.plain import Plain
from controller.bench.report import Case
from controller.bench.serving import Serving
from controller.bench.stopwatch import Stopwatch
from controller.diagnostics.errors import EngineFailed, EngineRefused
from controller.ports.engine import EnginePlan
from controller.settings import search_path

STATE = "terraform.tfstate"
COMPARED = "before", "after", "after_unknown", "before_sensitive", "after_sensitive"


Prepare = Callable[[Path, Path], str]


@dataclass(frozen=True, slots=True)
class Situation:
    """A workspace and a state that both plan, in copies of their own."""

    unit: str
    told: str
    """What is the matter with it, for whoever reads the report."""
    prepare: Prepare
    """Makes it so in both folders, and gives the word that both plan with, or none."""


async def compare(
    serving: Serving, plain: Plain, situations: Sequence[Situation], *, name: str
) -> Case:
    """Plan every situation by both, one after another; met when nothing differs."""
    place = serving.place / "same"
    environment = build_environment(
        place / "home", path=search_path(), cli_config=Path(plain.environment["TF_CLI_CONFIG_FILE"])
    )
    pool = await embedded.start_pool(environment, size=1)
    engine = TerraformEngine(pool, environment, packages=Packages(place / "packages.json"))
    differing: dict[str, object] = {}
    watch, fast_seconds, changing, refused = Stopwatch(), 0.0, 0, 0
    try:
        for number, situation in enumerate(situations):
            fast, slow, word = _prepared(serving, plain, situation, place, f"{number}")
            began = Stopwatch()
            found = await _planned_fast(engine, fast, word)
            fast_seconds += began.took().seconds
            if (fast / OVERRIDE).is_file():  # a root has to say which outputs are sensitive
                shutil.copyfile(fast / OVERRIDE, slow / OVERRIDE)
            theirs = _planned_plainly(plain, slow, word)
            if isinstance(theirs, str) or isinstance(found, str):
                refused += 1
                if not (isinstance(theirs, str) and isinstance(found, str)):
                    differing[f"{situation.unit}, {situation.told}"] = _refusals(found, theirs)
                continue
            shown = await pool.run(fast, Command("show", {"json": True}, (PLAN,)))
            changing += bool(found.changes)
            if differs := _differing(found, json.loads(shown.output), theirs):
                differing[f"{situation.unit}, {situation.told}"] = differs
    finally:
        await engine.close()
    return Case(
        name=name,
        units=len({situation.unit for situation in situations}),
        ours_seconds=fast_seconds,
        plain_seconds=watch.took().seconds - fast_seconds,
        goal="no difference",
        is_met=not differing,
        peak_rss_mib=serving.peak_rss_mib(),
        detail={
            "compared": "resource changes, changes of outputs and drift, attribute by attribute",
            "plans": len(situations),
            "plans_that_change": changing,
            "refused": refused,
            "fast": str(engine.version),
            "plain": plain.run(place, "version").splitlines()[0],
            "differing": differing,
        },
    )


def _prepared(
    serving: Serving, plain: Plain, situation: Situation, place: Path, number: str
) -> tuple[Path, Path, str]:
    fast, slow = (place / side / number / situation.unit for side in ("fast", "plain"))
    for target in (fast, slow):
        plain.copy(serving.workspace(situation.unit), target, {})
        shutil.copyfile(serving.workspace(situation.unit) / STATE, target / STATE)
    return fast, slow, situation.prepare(fast, slow)


def _differing(
    found: EnginePlan, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Mapping[str, object]:
    told = read_plan(json.dumps(theirs), found.file)
    if (told.changes, told.drift) != (found.changes, found.drift):
        return difference(normalised(ours), normalised(theirs)) or {"told": "something else"}
    return difference(normalised(ours), normalised(theirs))


def _refusals(fast: EnginePlan | str, plain: Mapping[str, Any] | str) -> Mapping[str, str]:
    sides = {"fast": fast, "plain": plain}
    return {side: said if isinstance(said, str) else "planned" for side, said in sides.items()}


def _planned_plainly(plain: Plain, root: Path, word: str) -> Mapping[str, Any] | str:
    try:
        return plain.plan(root, *([word] if word else []))
    except EngineFailed as failed:
        return str(failed)


async def _planned_fast(engine: TerraformEngine, root: Path, word: str) -> EnginePlan | str:
    try:
        await engine.init(root)
        return await engine.plan(root, destroy=word == "-destroy")
    except (EngineFailed, EngineRefused) as failed:
        return str(failed)


def normalised(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what a plan does and found, by address, without what says how it was written."""
    return {
        part: {
            str(entry["address"]): {
                "actions": entry["change"]["actions"],
                "reason": entry.get("action_reason", ""),
                **{key: entry["change"].get(key) for key in COMPARED},
            }
            for entry in plan.get(part) or ()
        }
        for part in ("resource_changes", "resource_drift")
    } | {
        "output_changes": {
            name: {key: change.get(key) for key in ("actions", *COMPARED)}
            for name, change in (plan.get("output_changes") or {}).items()
        }
    }


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Mapping[str, object]:
    """Give what both do differently, by name; empty when they do the same."""
    return {
        f"{part} {name}": {"fast": ours[part].get(name), "plain": theirs[part].get(name)}
        for part in theirs
        for name in sorted({*ours[part], *theirs[part]})
        if ours[part].get(name) != theirs[part].get(name)
    }


def of_our_units(config: Path) -> Sequence[Situation]:
    """Give a situation for each unit of the benchmark, another one for each."""

    def changed(*roots: Path) -> str:
        for root in roots:
            values = json.loads((root / "terraform.tfvars.json").read_text(encoding="utf-8"))
            values |= {"note": "changed", "cidr": "10.99.0.0/16"}
            (root / "terraform.tfvars.json").write_text(json.dumps(values), encoding="utf-8")
        return ""

    def drifted(*roots: Path) -> str:
        aws.change_by_hand(config, roots[0].name)
        return ""

    told: Mapping[str, Prepare] = {
        "as applied": lambda *_roots: "",
        "with changed inputs": changed,
        "changed by hand": drifted,
        "to be destroyed": lambda *_roots: "-destroy",
    }
    pairs = zip(aws.names(), told.items(), strict=True)
    return [Situation(unit, words, prepare) for unit, (words, prepare) in pairs]
