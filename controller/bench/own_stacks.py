"""Plans of stacks that somebody brings, by the fast path and by plain Terraform.

They come as commits: folders with modules, products, pipelines and stacks, as in a config
repository. The environment `dev` is ours and leads to moto. The controller applies every commit;
then all is planned in situations that ask for no knowledge of the modules.
"""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from controller.bench import aws
from controller.bench.plain import FILES, Plain
from controller.bench.reconcile_world import Say, Wish, world
from controller.bench.report import Case
from controller.bench.same_plans import STATE, Situation, compare
from controller.bench.serving import Serving
from controller.diagnostics.errors import Stalled

PATIENCE = 3600.0
THERE = "    aws.there: {region: us-east-1}\n"
"""For modules that want a second configuration of the provider."""


def measure_own_stacks(wish: Wish, commits: Path, say: Say) -> Case:
    """Apply the commits, and compare. Raises Stalled when something is missing."""
    folders = sorted(folder for folder in commits.iterdir() if folder.is_dir())
    if not folders:
        raise Stalled.because(
            f"`{commits}` holds no commit",
            hint="put a folder into it for each commit, with `modules/` and documents",
        )
    mirror = aws.find_mirror()
    with world(wish, mirror) as serving:
        plain = Plain.find(serving.place / "plain-home", mirror)
        config = serving.place / "moto" / "config"
        with aws.moto(config):
            environment = aws.environment(config, engine=wish.engine, more=THERE)
            kept: list[Path] = []
            for folder in folders:
                say(f"commit {folder.name}")
                at = serving.push({**_files(folder), **environment}, folder.name)
                if not kept:
                    serving.start()
                serving.until_verified(at, PATIENCE)
                kept.append(_keep(serving, serving.place / "kept" / folder.name))
            say("plans of the fast path and of the plain command line, compared")
            situations = list(_situations(serving, kept[:-1]))
            found = compare(serving, plain, situations, name="own stacks, the same plans")
            return asyncio.run(found)


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _keep(serving: Serving, place: Path) -> Path:
    for unit in serving.units():
        for name in FILES:
            source, target = serving.workspace(unit["name"]) / name, place / unit["name"] / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            elif source.is_file():
                shutil.copyfile(source, target)
    return place


def _situations(serving: Serving, earlier: Sequence[Path]) -> Iterator[Situation]:
    for unit in sorted(unit["name"] for unit in serving.units()):
        yield Situation(unit, "as applied", lambda *_roots: "")
        yield Situation(unit, "nothing made yet", _without_state)
        yield Situation(unit, "a tag taken away by hand", _with_a_tag_more)
        yield Situation(unit, "to be destroyed", lambda *_roots: "-destroy")
        for place in earlier:
            if (place / unit).is_dir():
                yield Situation(unit, f"back to {place.name}", _back_to(place / unit))


def _without_state(*roots: Path) -> str:
    for root in roots:
        (root / STATE).unlink()
    return ""


def _with_a_tag_more(*roots: Path) -> str:
    """Let the state know a tag that nobody has: what is there then differs from it."""
    for root in roots:
        state = json.loads((root / STATE).read_text(encoding="utf-8"))
        for resource in state["resources"]:
            for instance in resource["instances"]:
                for key in ("tags", "tags_all"):
                    if isinstance(instance["attributes"].get(key), Mapping):
                        instance["attributes"][key]["taken-away"] = "by hand"
        (root / STATE).write_text(json.dumps(state), encoding="utf-8")
    return ""


def _back_to(place: Path) -> Callable[[Path, Path], str]:
    def go_back(*roots: Path) -> str:
        for root in roots:
            for name in FILES:
                if (place / name).is_dir():
                    shutil.rmtree(root / name)
                    shutil.copytree(place / name, root / name)
                elif (place / name).is_file():
                    shutil.copyfile(place / name, root / name)
        return ""

    return go_back
