"""Stacks: their modules, what the variables of these want, and what the inputs refer to."""

from collections.abc import Container, Mapping

from controller.diagnostics.diagnostic import Severity
from controller.model.catalog import Reference
from controller.model.module import Module
from controller.model.provider_blocks import passed_on
from controller.steps.load.link_validations import check_validations
from controller.steps.load.linking import Linking, environments_of
from controller.steps.load.module_types import misfits, read_type
from controller.steps.load.nodes import Path, find_node, write_path
from controller.steps.load.suggest import closest, did_you_mean, one_of
from schemas.kinds.environment import Environment
from schemas.kinds.stack import Stack
from schemas.references import FromSecret, references_in

FILLED_IN = frozenset({"product", "environment", "stack", "owner", "commit"})
"""Variables that the controller gives when a module has them, as texts, and the stack is silent."""


def link_stack(linking: Linking, reference: Reference, model: Stack) -> None:
    """Check everything that a stack says."""
    spec = model.spec
    environments = environments_of(linking, reference.product)
    for index, name in enumerate(spec.depends_on):
        path: Path = ("spec", "dependsOn", index)
        linking.need(reference, "Stack", name, path, product=reference.product)
    if environments is not None:
        _check_environments(linking, reference, model, environments)
    _check_expired(linking, reference, model)
    places: list[tuple[Mapping[str, object], Path]] = [(spec.inputs, ("spec", "inputs"))]
    for name, own in spec.environments.items():
        places.append((own.inputs, ("spec", "environments", name, "inputs")))
    for inputs, path in places:
        linking.link_value(reference, inputs, path)
    module = _module(linking, reference, spec.module)
    if module is not None:
        for inputs, path in places:
            _check_given(linking, reference, module, inputs, path)
        unknown = {name for inputs, _ in places for name in inputs} - module.variables.keys()
        meant = {closest(name, module.variables) for name in unknown}
        _check_required(linking, reference, module, model, environments or (), meant)
        _check_providers(linking, reference, module, model, environments or ())
        if reference not in linking.sketches:
            check_validations(linking, reference, module, model, environments or ())


def _check_environments(
    linking: Linking, reference: Reference, model: Stack, environments: tuple[str, ...]
) -> None:
    for name in model.spec.environments:
        path: Path = ("spec", "environments", name)
        linking.choose(reference, name, environments, "environment", path)
    for index, each in enumerate(model.spec.imports):
        path = ("spec", "import", index, "environment")
        linking.choose(reference, each.environment, environments, "environment", path)


def _check_expired(linking: Linking, reference: Reference, model: Stack) -> None:
    for index, rule in enumerate(model.spec.drift.ignore):
        if linking.today is not None and rule.has_expired(linking.today):
            linking.report(
                reference,
                "load/drift-ignore-expired",
                f"since {rule.until} the drift of `{rule}` is not ignored any more",
                ("spec", "drift", "ignore", index, "until"),
                hint=f"take the entry away, or ask `{rule.owner}`",
                severity=Severity.WARNING,
            )


def _module(linking: Linking, reference: Reference, path: str) -> Module | None:
    module = linking.module(path)
    if module is not None:
        return module
    refused = linking.refused_modules.get(path)
    if refused is not None:
        linking.found.setdefault(reference, []).extend(refused)
        return None
    names = linking.module_names()
    outside = "" if path.startswith("modules/") else "; modules lie below `modules/`"
    linking.report(
        reference,
        "load/unknown-module",
        f"there is no module `{path}`{outside}",
        ("spec", "module"),
        expected=one_of(names),
        hint=did_you_mean(path, names),
    )
    return None


def _check_given(
    linking: Linking,
    reference: Reference,
    module: Module,
    inputs: Mapping[str, object],
    path: Path,
) -> None:
    for name, value in inputs.items():
        variable = module.variables.get(name)
        if variable is None:
            known = sorted(module.variables.keys() - FILLED_IN)
            linking.report(
                reference,
                "load/unknown-input",
                f"`{module.path}` has no variable `{name}`",
                (*path, name),
                expected=one_of(known) or "no inputs",
                hint=did_you_mean(name, known),
                at_key=True,
            )
            continue
        if value is None and variable.required and not variable.nullable:
            linking.report(
                reference,
                "load/input-type",
                f"`{write_path((*path, name))}` is null, which `{module.path}` does not take",
                (*path, name),
                expected=f"a value of the type `{_short(variable.type)}`",
            )
        if variable.ephemeral:
            _check_whole_secrets(linking, reference, value, (*path, name))
        for misfit in misfits(value, read_type(variable.type)):
            at = (*path, name, *misfit.path)
            root = linking.parsed(reference).root
            linking.report(
                reference,
                "load/input-type",
                f"`{write_path(at)}` is {misfit.found}, but `{module.path}` wants "
                f"`{_short(variable.type)}` for `{name}`",
                at,
                expected=misfit.expected,
                at_key=root is not None and find_node(root, at) is None,
            )


def _check_whole_secrets(linking: Linking, reference: Reference, value: object, at: Path) -> None:
    """Report a secret inside of a value whose variable gets secrets themselves: only whole ones."""
    for below, target in references_in(value):
        if below and isinstance(target, FromSecret):
            linking.report(
                reference,
                "load/input-type",
                f"`{write_path((*at, *below))}` is a secret inside of an ephemeral value",
                (*at, *below),
                expected="`{secret: …}` as the whole value of an ephemeral variable",
            )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004


def _check_required(
    linking: Linking,
    reference: Reference,
    module: Module,
    model: Stack,
    environments: tuple[str, ...],
    meant: Container[str | None],
) -> None:
    """Report inputs that lack; `meant` are those that another name was probably written for."""
    for name, variable in sorted(module.variables.items()):
        is_filled_in = name in FILLED_IN and variable.takes_text
        if not variable.required or is_filled_in or name in meant:
            continue
        lacking = [where for where in environments if not _is_given(module, model, where, name)]
        if not lacking and (environments or name in model.spec.inputs):
            continue
        if reference in linking.sketches:
            continue  # it may be one of the values that were left out
        everywhere = len(lacking) == len(environments)
        in_some = "" if everywhere else " in " + ", ".join(f"`{where}`" for where in lacking)
        has_inputs = bool(model.spec.inputs)
        linking.report(
            reference,
            "load/missing-input",
            f"`{reference.name}` lacks the input `{name}`{in_some}, which `{module.path}` requires",
            ("spec", "inputs") if has_inputs else ("spec", "module"),
            expected=f"a value of the type `{_short(variable.type)}`",
            hint=f"add `{name}:` to the inputs",
            at_key=has_inputs,
        )


def _is_given(module: Module, model: Stack, environment: str, name: str) -> bool:
    inputs = model.inputs_in(environment)
    return name in inputs or name in module.secret_versions(inputs)


def _check_providers(
    linking: Linking,
    reference: Reference,
    module: Module,
    model: Stack,
    environments: tuple[str, ...],
) -> None:
    passed = passed_on(module, model.spec)
    for name, given in model.spec.providers.items():
        _check_passed(linking, reference, module, (name, given), tuple(passed))
    for name, given in passed.items():
        for place in environments:
            where = Reference("Environment", "", place)
            environment = linking.model(where)
            if not isinstance(environment, Environment) or given in environment.spec.providers:
                continue
            is_named = name in model.spec.providers
            linking.report(
                reference,
                "load/provider-not-listed",
                f"`{module.path}` uses the provider `{given}`, which `{place}` does not list",
                ("spec", "providers", name) if is_named else ("spec", "module"),
                expected=one_of(environment.spec.providers),
                hint=_how_to_list(given),
                related=linking.related(where, f"`{place}` is declared here"),
            )


def _how_to_list(given: str) -> str:
    hint = f"add `{given}: {{}}` to the providers of the environment"
    main, dot, _ = given.partition(".")
    if not dot:
        return hint
    return f"{hint}, or say in `spec.providers` which one it gets, as `{given}: {main}`"


def _check_passed(
    linking: Linking,
    reference: Reference,
    module: Module,
    entry: tuple[str, str],
    wanted: tuple[str, ...],
) -> None:
    """Check that the module knows the provider, and gets a configuration of that one."""
    name, given = entry
    path: Path = ("spec", "providers", name)
    if name not in wanted:
        linking.report(
            reference,
            "load/unknown-provider",
            f"`{module.path}` wants no provider `{name}`",
            path,
            expected=one_of(wanted) or "no `providers`",
            hint=did_you_mean(name, wanted),
            at_key=True,
        )
    elif name.partition(".")[0] != given.partition(".")[0]:
        main = name.partition(".")[0]
        linking.report(
            reference,
            "load/unknown-provider",
            f"`{given}` is no configuration of the provider `{main}`",
            path,
            expected=f"`{main}`, or one of its aliases, as `{main}.other`",
        )
