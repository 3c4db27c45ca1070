"""The versions that are still read, each with the step to the next."""

from collections.abc import Mapping

from schemas.document import API_VERSION
from schemas.migrate.step import Renamed, Step, Values, rename
from schemas.migrate.v1alpha1 import to_v1

STEPS: Mapping[str, tuple[Step, str]] = {
    "platform/v1alpha1": (to_v1, API_VERSION),
}
"""Version → the step, and the version that it leads to."""


def migrate(document: Values) -> tuple[dict[str, object], tuple[Renamed, ...]]:
    """Bring a document to the version of today; tells all keys that were renamed, in order.

    What is of that version already, or of one that nobody knows, comes back as it is.
    """
    values = dict(document)
    renamed: list[Renamed] = []
    while isinstance(version := values.get("apiVersion"), str) and version in STEPS:
        step, following = STEPS[version]
        for each in step(values):
            values = rename(values, each)
            renamed.append(each)
        values["apiVersion"] = following
    return values, tuple(renamed)
