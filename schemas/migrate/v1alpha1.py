"""`platform/v1alpha1` → `platform/v1`: the `variables` of a stack are called `inputs`."""

from collections.abc import Iterator, Mapping

from schemas.migrate.step import Renamed, Values

OLD, NEW = "variables", "inputs"


def to_v1(document: Values) -> tuple[Renamed, ...]:
    """Tell what has to be renamed. Where both names stand, nothing is: the old one is unknown."""
    if document.get("kind") != "Stack":
        return ()
    return tuple(_found(document))


def _found(document: Values) -> Iterator[Renamed]:
    spec = document.get("spec")
    if not isinstance(spec, Mapping):
        return
    if OLD in spec and NEW not in spec:
        yield Renamed(("spec",), OLD, NEW)
    environments = spec.get("environments")
    for name, own in environments.items() if isinstance(environments, Mapping) else ():
        if isinstance(own, Mapping) and OLD in own and NEW not in own:
            yield Renamed(("spec", "environments", name), OLD, NEW)
