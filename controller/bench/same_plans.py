"""Whether the fast path and the plain command line make the same plans of the same workspaces."""

from collections.abc import Sequence
from pathlib import Path

from controller.bench.plain import Plain
from controller.bench.report import Case
from controller.bench.serving import Serving


def compare(serving: Serving, plain: Plain, names: Sequence[str], config: Path) -> Case:
    raise NotImplementedError
