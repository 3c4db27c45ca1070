"""Policies: their environments, and the files of Rego they name."""

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.span import Span
from controller.model.catalog import Reference
from controller.model.rego_files import ENDING, rego_files
from controller.ports.policy_engine import PolicyFault
from controller.steps.load.linking import Linking
from controller.steps.load.suggest import did_you_mean
from schemas.kinds.policy import Policy


def link_policy(linking: Linking, reference: Reference, model: Policy) -> None:
    """Check that each environment is there, and that each file of Rego can be read."""
    for index, name in enumerate(model.spec.environments):
        if not linking.is_known(Reference("Environment", "", name)):
            linking.need(reference, "Environment", name, ("spec", "environments", index))
    for index, rego in enumerate(model.spec.rego):
        _link_rego(linking, reference, rego.path, index)


def _link_rego(linking: Linking, reference: Reference, path: str, index: int) -> None:
    if path.endswith(ENDING):
        linking.file(path)
    else:
        linking.folder(path)
    names = rego_files(linking.tree.files, path)
    if not names:
        known = [name for name in linking.tree.paths if name.endswith(ENDING)]
        linking.report(
            reference,
            "load/unknown-path",
            f"`{path}` is not there, or holds no policy",
            ("spec", "rego", index, "path"),
            expected="a file of this repository that ends in `.rego`, or a folder of them",
            hint=did_you_mean(path, known),
        )
        return
    if linking.policies is None:
        return
    files = {name: linking.read(name).decode(errors="replace") for name in names}
    for fault in linking.policies.check(files):
        linking.found.setdefault(reference, []).append(_diagnostic(fault, files[fault.path]))


def _diagnostic(fault: PolicyFault, text: str) -> Diagnostic:
    lines = text.splitlines()
    source = lines[fault.line - 1] if fault.line <= len(lines) else None
    place = (fault.line, fault.column)
    return Diagnostic(
        code="policy/rego-wrong",
        message=fault.message,
        span=Span(fault.path, *place, fault.line, fault.column + 1),
        hint="`trueup explain policy/rego-wrong` tells what the interpreter cannot do",
        source=source,
    )
