"""Whether the fast path and the plain command line make the same plans of the same workspaces.

Fast is what the controller does: a warm worker that has planned others before, a workspace that was
initialised as another's twin, a lock file without hashes. Plain is the binary on PATH, which starts
anew each time. Both look at one cloud, from copies of one state, and must see the same in it.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.adapters.engine import embedded
from controller.adapters.engine._init_stamp import OVERRIDE
from controller.adapters.engine._operations import PLAN, TerraformEngine
from controller.adapters.engine._plan_document import any_true, step_into
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
HOW = (
    "resource changes, changes of outputs and drift, attribute by attribute; a delete with the"
    " values that were found there, not with those of the state"
)
ABSENT = "(absent)"
HIDDEN = {"fast": "(sensitive)", "plain": "(sensitive)"}


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
            if differs := _differing(found.file, json.loads(shown.output), theirs):
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
            "compared": HOW,
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
    file: Path, ours: Mapping[str, Any], theirs: Mapping[str, Any]
) -> Mapping[str, object]:
    ours, theirs = as_found(ours), as_found(theirs)
    if differs := difference(normalised(ours), normalised(theirs)):
        return differs
    said, told = (read_plan(json.dumps(plan), file) for plan in (ours, theirs))
    same = (said.changes, said.drift) == (told.changes, told.drift)
    return {} if same else {"told": "something else"}


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


def as_found(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let each delete begin with what was found there.

    Of what left the configuration, as a key of `for_each` does, Terraform 1.11 writes what the
    state knew, though it looked and tells in the drift of the same plan what it found; 1.15 writes
    what it found. Both delete the same, and the drift is compared for itself.
    """
    found = {_name(entry): entry["change"] for entry in plan.get("resource_drift") or ()}

    def seen(entry: Mapping[str, Any]) -> Mapping[str, Any]:
        change, drift = entry["change"], found.get(_name(entry))
        if drift is None or change["actions"] != ["delete"] or change["before"] != drift["before"]:
            return entry
        return {**entry, "change": {**change, "before": drift["after"]}}

    return {**plan, "resource_changes": [seen(each) for each in plan.get("resource_changes") or ()]}


def _name(entry: Mapping[str, Any]) -> str:
    """Give an address, and which of its objects: one that was replaced may still be there."""
    return " ".join(filter(None, (str(entry["address"]), entry.get("deposed"))))


def normalised(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what a plan does and found, by address, without what says how it was written."""
    return {
        part: {
            _name(entry): {
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
    """Give what both do differently, by name and field; empty when they do the same."""
    return {
        f"{part} {name}": dict(_fields(ours[part].get(name), theirs[part].get(name)))
        for part in theirs
        for name in sorted({*ours[part], *theirs[part]})
        if ours[part].get(name) != theirs[part].get(name)
    }


def _fields(
    ours: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if ours is None or theirs is None:
        sides = {"fast": ours, "plain": theirs}
        yield "actions", {side: change and change["actions"] for side, change in sides.items()}
        return
    for path, fast, plain in _leaves(ours, theirs):
        hidden = _is_sensitive(ours, path) or _is_sensitive(theirs, path)
        yield ".".join(path), HIDDEN if hidden else {"fast": fast, "plain": plain}


def _leaves(ours: Any, theirs: Any, *path: str) -> Iterator[tuple[Sequence[str], Any, Any]]:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for key in sorted({*ours, *theirs}):
            yield from _leaves(ours.get(key, ABSENT), theirs.get(key, ABSENT), *path, key)
    elif ours != theirs:
        yield path, ours, theirs


def _is_sensitive(change: Mapping[str, Any], path: Sequence[str]) -> bool:
    if path[0] not in {"before", "after"}:
        return False
    mark = change[f"{path[0]}_sensitive"]
    for key in path[1:]:
        mark = step_into(mark, key)
    return any_true(mark)


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
