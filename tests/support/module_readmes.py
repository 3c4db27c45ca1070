"""The tables of the modules' READMEs: `python -m tests.support.module_readmes` writes them anew.

Read with the same reader as a repository's modules, so a table says what `trueup validate` knows.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from controller.steps.load.hcl import Block, read_hcl

MODULES = Path(__file__).resolve().parents[2] / "modules"
HEADING = "## Inputs\n"


def folders() -> list[Path]:
    """Give the folders of all shipped modules."""
    return sorted(path.parent for path in MODULES.glob("*/*/main.tf"))


def tables(folder: Path) -> str:
    """Give a README's end: from the heading of inputs on."""
    return "\n".join([HEADING, *_inputs(folder), "\n## Outputs\n", *_outputs(folder)]) + "\n"


def written(folder: Path) -> str:
    """Give a README as it should be: what people wrote, with the tables of today."""
    text, _, _ = (folder / "README.md").read_text(encoding="utf-8").partition(HEADING)
    return text + tables(folder)


def _blocks(folder: Path, kind: str) -> Iterator[Block]:
    for file in sorted(folder.glob("*.tf")):
        found = read_hcl(file.read_text(encoding="utf-8"))
        yield from (block for block in found.blocks if block.type == kind)


def _inputs(folder: Path) -> Iterator[str]:
    yield "| name | type | default | what it is |"
    yield "| --- | --- | --- | --- |"
    for block in _blocks(folder, "variable"):
        default = block.text("default")
        shown = "required" if default is None else _code(default)
        kind = _code(block.text("type") or "any")
        yield f"| `{block.labels[0]}` | {kind} | {shown} | {_description(block)} |"


def _outputs(folder: Path) -> Iterator[str]:
    yield "| name | what it is |"
    yield "| --- | --- |"
    for block in _blocks(folder, "output"):
        secret = " Sensitive." if block.is_true("sensitive") else ""
        yield f"| `{block.labels[0]}` | {_description(block)}{secret} |"


def _description(block: Block) -> str:
    return (block.string("description") or "").replace("|", "\\|")


def _code(text: str) -> str:
    """Write code on one line; Terraform divides attributes by line ends where it may."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    joined = ""
    for line in lines:
        divided = joined and joined[-1] not in "({[," and line[0] not in ")}]"
        joined += (", " if divided else " " if joined and joined[-1] in "{," else "") + line
    joined = re.sub(" {2,}", " ", joined).replace("{ ", "{").replace(" }", "}")
    return f"`{joined}`".replace("|", "\\|")


def main() -> int:
    """Write all tables; gives how many READMEs changed."""
    changed = 0
    for folder in folders():
        text = written(folder)
        if text != (folder / "README.md").read_text(encoding="utf-8"):
            (folder / "README.md").write_text(text, encoding="utf-8")
            changed += 1
    print(f"{changed} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
