"""Inputs of stacks against the `validation` blocks of their modules, where that needs no plan."""

from controller.diagnostics.diagnostic import Related
from controller.diagnostics.span import Span
from controller.model.catalog import Reference
from controller.model.module import Module
from controller.steps.load.conditions import is_fulfilled
from controller.steps.load.known_values import as_input
from controller.steps.load.linking import Linking
from controller.steps.load.module_types import misfits, read_type
from controller.steps.load.nodes import Path
from schemas.kinds.stack import Stack


def check_validations(
    linking: Linking,
    reference: Reference,
    module: Module,
    model: Stack,
    environments: tuple[str, ...],
) -> None:
    """Report inputs that the module surely refuses, as they are in each environment.

    An input may be laid over in an environment, so only what holds there is looked at. `null`
    means the default to some variables, and defaults are not checked.
    """
    reported: set[tuple[Path, int]] = set()
    for where in environments:
        inputs = model.inputs_in(where)
        own = model.spec.environments.get(where)
        for name, value in inputs.items():
            variable = module.variables.get(name)
            if variable is None or value is None or not variable.validations:
                continue
            wanted = read_type(variable.type)
            if any(misfits(value, wanted)):
                continue
            is_own = own is not None and name in own.inputs
            path: Path = ("spec", "environments", where) if is_own else ("spec",)
            path = (*path, "inputs", name)
            known = as_input(value, wanted)
            for index, validation in enumerate(variable.validations):
                if (path, index) in reported:
                    continue
                if is_fulfilled(validation.condition, name, known) is not False:
                    continue
                reported.add((path, index))
                place = Span(
                    f"{module.path}/{validation.file}", validation.line, 1, validation.line, 1
                )
                linking.report(
                    reference,
                    "load/input-not-valid",
                    f"`{module.path}` does not take this value for `{name}`: {validation.message}",
                    path,
                    related=(Related("the condition stands here", place),),
                )
