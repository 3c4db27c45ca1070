"""Turn the drift of a unit into an edit of the repository, prove it by a plan, propose it.

    look → inputs behind the attributes → edit of the text → load → plan is empty? → branch

What cannot be proved is not proposed: then nothing is pushed, and what remains is said.
"""

import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.diagnostics.errors import ConfigurationWrong, Stalled
from controller.model.adoption import Adoption, InputEdit
from controller.model.catalog import Reference
from controller.model.drift import Drift, IgnoredDrift, let_be
from controller.model.names import Digest, UnitName
from controller.model.plan import Action, DriftKind, ResourceChange
from controller.model.status import UnitStatus
from controller.steps import adopt as adopt_step
from controller.steps import prove as prove_step
from controller.steps import render as render_step
from controller.steps.load.splice import GONE, SpliceError, spliced
from controller.steps.load.trace import read_path, trace
from controller.workflows import keys
from controller.workflows.catalogs import Wanted
from controller.workflows.parts import Parts
from controller.workflows.watch import as_applied, look
from schemas.kinds.product import Product
from schemas.kinds.stack import merge_inputs

BRANCHES = "trueup/adopt/"
LONGEST_LINE = 300
NOT_ADOPTABLE = "adopt/not-adoptable"


@dataclass(frozen=True)
class Order:
    """What somebody asked for."""

    unit: UnitName
    by: str
    branch: str = ""
    """Made of the unit and the edit when it is empty."""
    dry_run: bool = False


async def adopt(parts: Parts, order: Order) -> Adoption:
    """Propose an edit after which nothing would be changed by a plan.

    Raises Stalled when there is no drift, no edit is known for some of it, or none is proved.
    """
    status, applied, wanted = await _unit(parts, order.unit)
    drift = await look(parts, status, applied, wanted, exact=True)
    if not drift.changes:
        raise Stalled.because(
            f"nothing of `{order.unit}` differs from what was applied", code="adopt/no-drift"
        )
    at_the_head = at_head(parts, order.unit)
    ways = _ways(drift, at_the_head)
    then = (await as_applied(parts, applied)).digest
    remaining: list[str] = []
    for way in ways:
        try:
            files = edited_files(parts, at_the_head, way)
            left, ignored = await _still_changed(parts, at_the_head, files, then)
        except (SpliceError, ConfigurationWrong) as error:
            remaining.append(str(error))
            continue
        if not left:
            return await _propose(parts, order, drift, files, ignored)
        remaining.append(Drift(order.unit, drift.looked_at, left).describe())
    raise Stalled.because(
        f"no edit of the documents of `{order.unit}` was found after which a plan is empty: "
        + "; or ".join(dict.fromkeys(remaining)),
        hint="`trueup describe` shows the drift; edit the document by hand, or let it be put back "
        f"with `trueup reconcile {order.unit}`",
        code="adopt/not-proved",
    )


async def _unit(parts: Parts, name: UnitName) -> tuple[UnitStatus, Wanted, Wanted]:
    status = await parts.world.ledger.unit(name)
    wanted = await parts.units.find_wanted(name)
    applied = await parts.units.last_applied(status) if status else None
    if status is None or applied is None or wanted is None:
        raise Stalled.because(
            f"`{name}` was not applied yet, or is in the repository no more", code=NOT_ADOPTABLE
        )
    return status, applied, wanted


def at_head(parts: Parts, name: UnitName) -> Wanted:
    """Give the unit as the head of the branch has it: that is what is edited."""
    head = parts.catalogs.known_head()
    catalog, graph = parts.catalogs.composed(name.product, head)
    if name not in graph.units:
        raise Stalled.because(
            f"the documents of `{name}` at the head of the branch cannot be used",
            hint="`trueup get findings` shows what is wrong with them",
            code=NOT_ADOPTABLE,
        )
    return Wanted(graph.units[name], catalog, head.commit, head.snapshot)


def _ways(drift: Drift, wanted: Wanted) -> Sequence[tuple[InputEdit, ...]]:
    module = wanted.catalog.modules[wanted.unit.stack.spec.module]

    def candidates(address: str, attribute: str) -> Sequence[tuple[str | int, ...]]:
        found = trace(module, address, attribute)
        if found is not None:
            return [(found.name, *found.steps)]
        steps = read_path(attribute)
        return [steps] if steps and steps[0] in module.variables else []

    ways, refused = adopt_step.ways_to_adopt(
        drift.changes, wanted.unit.inputs, module.variables, candidates
    )
    if refused or not ways:
        told = "; ".join(map(str, refused)) or "no document says what it should be"
        raise Stalled.because(
            f"the drift of `{drift.unit}` cannot be adopted: {told}",
            hint=f"`trueup reconcile {drift.unit}` puts it back; what was removed on purpose is "
            "taken out of the documents by hand",
            code=NOT_ADOPTABLE,
        )
    return ways


def edited_files(parts: Parts, wanted: Wanted, way: Iterable[InputEdit]) -> Mapping[str, bytes]:
    """Write the edits into the stack's document, so that no other environment is touched."""
    name, stack = wanted.unit.name, wanted.unit.stack
    reference = Reference("Stack", name.product, stack.metadata.name)
    document = wanted.catalog.documents[reference]
    path = document.span.path
    product = wanted.catalog.find(Product, name.product)
    is_alone = product is not None and product.spec.environments == (name.environment,)
    own = stack.spec.environments.get(name.environment)
    content = parts.catalogs.known_head().snapshot.read(path)
    for edit in way:
        below: tuple[str | int, ...] = ("spec", "environments", name.environment, "inputs")
        value: object = GONE if edit.is_gone else edit.value
        at = edit.path
        if not (own and _stands_in(own.inputs, at)):
            if is_alone:
                below = ("spec", "inputs")
            else:
                at, value = _whole_lists(stack.inputs_in(name.environment), at, value)
        content = spliced(path, content, reference, [((*below, *at), value)])
    return {path: content}


def _stands_in(inputs: Mapping[str, object], at: tuple[str | int, ...]) -> bool:
    """Tell whether the environment's own inputs hold it, or the list that it would be part of."""
    value: object = inputs
    for step in at:
        if isinstance(value, tuple):
            return True
        if not isinstance(value, Mapping) or step not in value:
            return False
        value = value[str(step)]
    return True


def _whole_lists(
    inputs: Mapping[str, object], at: tuple[str | int, ...], value: object
) -> tuple[tuple[str | int, ...], object]:
    """Lists are not merged between environments: one that changes is written as a whole."""
    number = next((n for n, step in enumerate(at) if isinstance(step, int)), None)
    if number is None:
        return at, value
    found: object = inputs
    for step in at[:number]:
        found = found.get(str(step)) if isinstance(found, Mapping) else None
    return at[:number], _with(found, at[number:], value)


def _with(value: object, at: tuple[str | int, ...], new: object) -> object:
    if not at:
        return new
    step, rest = at[0], at[1:]
    if isinstance(step, int):
        items = list(value) if isinstance(value, tuple) else []
        inner = _with(items[step] if step < len(items) else None, rest, new)
        items[step : step + 1] = [] if inner is GONE else [inner]
        return tuple(items)
    entries = dict(value) if isinstance(value, Mapping) else {}
    inner = _with(entries.get(step), rest, new)
    if inner is GONE:
        return {key: kept for key, kept in entries.items() if key != step}
    return merge_inputs(entries, {step: inner})


async def _still_changed(
    parts: Parts, before: Wanted, files: Mapping[str, bytes], applied: Digest
) -> tuple[tuple[ResourceChange, ...], tuple[IgnoredDrift, ...]]:
    """Give what the edited repository would still change, and beside it what is let be."""
    name = before.unit.name
    loaded, catalog, graph = parts.catalogs.edited(name.product, files)
    unit = graph.units.get(name)
    if unit is None:
        wrong = [d for d in loaded.catalog.diagnostics if d.severity == "error"]
        raise (
            ConfigurationWrong(tuple(wrong))
            if wrong
            else ConfigurationWrong.because(f"the edited document has no `{name}`")
        )
    wanted = Wanted(unit, catalog, before.commit, loaded.snapshot)
    upstream = await parts.units.upstream(wanted, whatever_it_is=True)
    workspace = render_step.render(catalog, unit, upstream)
    if workspace.provisional:
        raise ConfigurationWrong.because("; ".join(workspace.provisional))
    left = await prove_step.prove(
        workspace, applied=applied, engine=await parts.units.engine(wanted),
        workspaces=parts.world.workspaces,
    )  # fmt: skip
    rules = unit.stack.spec.drift.ignore
    updates = [change for change in left if change.action == Action.UPDATE]
    counted, ignored, _ = let_be(updates, rules, parts.world.clock.now().date())
    others = tuple(change for change in left if change.action != Action.UPDATE)
    return (*others, *counted), ignored


async def _propose(
    parts: Parts,
    order: Order,
    drift: Drift,
    files: Mapping[str, bytes],
    ignored: tuple[IgnoredDrift, ...],
) -> Adoption:
    head = parts.catalogs.known_head()
    lines = tuple(
        f"{change.address} {attribute}"[:LONGEST_LINE]
        for change in drift.changes
        if change.drift != DriftKind.UNMANAGED
        for attribute in change.attributes
    )
    left = tuple(
        [f"{c.address}: no document says what it should be" for c in drift.changes
         if c.drift == DriftKind.UNMANAGED]
        + [f"{each.change.address}: ignored until {each.until}" for each in drift.ignored]
    )  # fmt: skip
    diff = "".join(diff_of(path, head.snapshot.read(path), text) for path, text in files.items())
    made = Adoption(order.unit, lines, files, diff, _proved(ignored), left)
    if order.dry_run:
        return made
    digest = hashlib.sha256(diff.encode()).hexdigest()[:10]
    branch = order.branch or f"{BRANCHES}{str(order.unit).replace('/', '-')}-{digest}"
    message = "\n".join([
        f"Adopt the drift of {order.unit}", "",
        *lines, "", f"Asked for by {order.by}. With this commit {_proved(ignored)}.", "",
    ])  # fmt: skip
    commit = await parts.world.branches.propose(
        branch, files, base=head.commit, author=order.by, message=message
    )
    await parts.recording.event(
        keys.unit_key(order.unit), "AdoptionProposed",
        f"{order.by}: proposed `{branch}`: {_proved(ignored)}", revision=f"sha1:{commit}",
    )  # fmt: skip
    return replace(made, branch=branch, commit=commit)


def _proved(ignored: tuple[IgnoredDrift, ...]) -> str:
    if not ignored:
        return "a plan of the unit is empty"
    names = sorted({a.path for each in ignored for a in each.change.attributes})
    return f"a plan of the unit would put back what is ignored ({', '.join(names)}), nothing else"


def diff_of(path: str, before: bytes, after: bytes) -> str:
    """Give what differs between two texts of a file, as people read it."""
    old, new = (
        side.decode("utf-8", "replace").splitlines(keepends=True) for side in (before, after)
    )
    lines = difflib.unified_diff(old, new, fromfile=f"a/{path}", tofile=f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
