"""Whether the fast path and the plain command line make the same plans of the same workspaces.

Fast is what the controller does: a warm worker that has planned others before, a workspace that was
initialised as another's twin, a lock file without hashes. Plain is the binary on PATH, which starts
anew each time. Both look at one cloud, from copies of one state, and must see the same in it.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from controller.adapters.engine import embedded
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
from controller.settings import search_path

STATE = "terraform.tfstate"
COMPARED = "before", "after", "after_unknown", "before_sensitive", "after_sensitive"


async def compare(serving: Serving, plain: Plain, config: Path) -> Case:
    """Plan every unit in a state of its own, by both; the case is met when nothing differs."""
    place = serving.place / "same"
    environment = build_environment(
        place / "home", path=search_path(), cli_config=Path(plain.environment["TF_CLI_CONFIG_FILE"])
    )
    pool = await embedded.start_pool(environment, size=1)
    engine = TerraformEngine(pool, environment, packages=Packages(place / "packages.json"))
    differing: dict[str, object] = {}
    watch, fast_seconds, plans = Stopwatch(), 0.0, 0
    try:
        for name, (state, prepare) in zip(aws.names(), _states(config).items(), strict=True):
            fast, slow = place / "fast" / name, place / "plain" / name
            for target in (fast, slow):
                plain.copy(serving.workspace(name), target, {})
                shutil.copyfile(serving.workspace(name) / STATE, target / STATE)
            for word in prepare(fast, slow):
                theirs = plain.plan(slow, *([word] if word else []))
                began = Stopwatch()
                await engine.init(fast)
                found = await engine.plan(fast, destroy=word == "-destroy")
                fast_seconds += began.took().seconds
                shown = await pool.run(fast, Command("show", {"json": True}, (PLAN,)))
                plans += 1
                ours = json.loads(shown.output)
                difference = _difference(normalised(ours), normalised(theirs))
                told = read_plan(json.dumps(theirs), found.file)
                if difference or (told.changes, told.drift) != (found.changes, found.drift):
                    differing[f"{name}, {state}"] = difference or "what is told of it differs"
    finally:
        await engine.close()
    return Case(
        name="aws, the same plans",
        units=len(aws.names()),
        ours_seconds=fast_seconds,
        plain_seconds=watch.took().seconds - fast_seconds,
        goal="no difference",
        is_met=not differing,
        peak_rss_mib=serving.peak_rss_mib(),
        detail={
            "compared": "resource changes, changes of outputs and drift, attribute by attribute",
            "plans": plans,
            "fast": str(engine.version),
            "plain": plain.run(place, "version").splitlines()[0],
            "differing": differing,
        },
    )


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


def _difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Mapping[str, object]:
    return {
        f"{part} {name}": {"fast": ours[part].get(name), "plain": theirs[part].get(name)}
        for part in theirs
        for name in sorted({*ours[part], *theirs[part]})
        if ours[part].get(name) != theirs[part].get(name)
    }


Prepare = Callable[[Path, Path], tuple[str, ...]]


def _states(config: Path) -> Mapping[str, Prepare]:
    """Give what is done to each unit before both plan it, and the words that both plan with."""

    def changed(*roots: Path) -> tuple[str, ...]:
        for root in roots:
            values = json.loads((root / "terraform.tfvars.json").read_text(encoding="utf-8"))
            values |= {"note": "changed", "cidr": "10.99.0.0/16"}
            (root / "terraform.tfvars.json").write_text(json.dumps(values), encoding="utf-8")
        return ("",)

    def drifted(*roots: Path) -> tuple[str, ...]:
        aws.change_by_hand(config, roots[0].name)
        return ("",)

    return {
        "as applied": lambda *_roots: ("",),
        "with changed inputs": changed,
        "changed by hand": drifted,
        "to be destroyed": lambda *_roots: ("-destroy",),
    }
