"""Forecasts, load profiles and capacity plans: what they name is there, and can be read."""

from controller.model.catalog import Reference
from controller.model.snapshot import FileKind
from controller.steps.load.linking import Linking, environments_of
from controller.steps.load.series_file import read_series
from controller.steps.load.suggest import did_you_mean, one_of
from schemas.kinds.capacity_plan import CapacityPlan
from schemas.kinds.forecast import CsvSource, Forecast
from schemas.kinds.load_profile import LoadProfile

_TABLES = (".csv", ".tsv", ".txt")


def link_forecast(linking: Linking, reference: Reference, model: Forecast) -> None:
    """Check where the numbers come from."""
    source = model.spec.source
    if source.csv is not None:
        _link_file(linking, reference, source.csv)
    if source.database is not None:
        path = ("spec", "source", "database")
        known = environments_of(linking, reference.product)
        if known is not None:
            environment = source.database.environment
            linking.choose(reference, environment, known, "environment", (*path, "environment"))
        secret = source.database.login.secret
        linking.need(reference, "Secret", secret, (*path, "login"), product=reference.product)


def _link_file(linking: Linking, reference: Reference, source: CsvSource) -> None:
    entry = linking.file(source.file)
    if entry is None or entry.kind not in {FileKind.REGULAR, FileKind.EXECUTABLE}:
        known = {name for name in linking.tree.files if name.endswith(_TABLES)}
        linking.report(
            reference,
            "load/unknown-path",
            f"`{source.file}` is {'not a file' if entry else 'not there'}",
            ("spec", "source", "csv", "file"),
            expected="a file of this repository",
            hint=did_you_mean(source.file, known),
        )
        return
    _, faults = read_series(source.file, linking.read(source.file), source)
    for fault in faults:
        linking.found.setdefault(reference, []).append(fault)


def link_load_profile(linking: Linking, reference: Reference, model: LoadProfile) -> None:
    """Check the forecast."""
    path = ("spec", "forecast")
    linking.need(reference, "Forecast", model.spec.forecast, path, product=reference.product)


def link_capacity_plan(linking: Linking, reference: Reference, model: CapacityPlan) -> None:
    """Check the forecast, the stack with its input, the environment, and the choices."""
    spec, product = model.spec, reference.product
    linking.need(reference, "Forecast", spec.forecast, ("spec", "forecast"), product=product)
    environments = environments_of(linking, product)
    if environments is not None:
        here = ("spec", "environment")
        linking.choose(reference, spec.environment, environments, "environment", here)
    if linking.need(reference, "Stack", spec.stack, ("spec", "stack"), product=product):
        _link_input(linking, reference, model)
    for index, measured in enumerate(spec.gates):
        path = ("spec", "gates", index)
        linking.need(reference, "LoadTest", measured.gate, (*path, "gate"), product=product)
        if environments is not None:
            wanted = measured.environment
            linking.choose(reference, wanted, environments, "environment", (*path, "environment"))
    seen: set[int | str] = set()
    for index, choice in enumerate(spec.choices):
        if choice.value in seen:
            linking.report(
                reference,
                "load/duplicate-entry",
                f"the choice `{choice.value}` stands here twice",
                ("spec", "choices", index, "value"),
                hint="take one of them away",
            )
        seen.add(choice.value)


def _link_input(linking: Linking, reference: Reference, model: CapacityPlan) -> None:
    stack = linking.stack(reference.product, model.spec.stack)
    module = linking.module(stack.spec.module) if stack else None
    if module is not None and model.spec.input not in module.variables:
        linking.report(
            reference,
            "load/unknown-input",
            f"the module of `{model.spec.stack}` has no variable `{model.spec.input}`",
            ("spec", "input"),
            expected=one_of(module.variables),
            hint=did_you_mean(model.spec.input, module.variables),
        )
