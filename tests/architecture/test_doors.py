"""Who may read the environment, who may see a secret, what is silenced: written lists."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import (
    OURS,
    ROOT,
    comments_of,
    exceptions,
    files_with,
    functions_of,
    name_of,
    tree_of,
)

ENVIRONMENT = frozenset({"environ", "environb", "getenv", "getenvb", "putenv"})
SILENCED = {
    "type: ignore": re.compile(r"#\s*type:\s*ignore"),
    "noqa": re.compile(r"#\s*noqa", re.IGNORECASE),
    "pragma: no cover": re.compile(r"#\s*pragma:\s*no cover"),
    "todo": re.compile(r"#.*\b(?:TODO|FIXME|XXX)\b"),
}
SILENCING = re.compile("|".join(each.pattern for each in SILENCED.values()), re.IGNORECASE)
NAMED = re.compile(r"#\s*noqa(?!:\s*[A-Z]+[0-9]+)|#\s*type:\s*ignore(?!\[)")


def test_the_import_contracts_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def reads_environment(path: Path) -> bool:
    return any(_names_environment(node) for node in ast.walk(tree_of(path)))


def _names_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        of_os = isinstance(node.value, ast.Name) and node.value.id == "os"
        return of_os and node.attr in ENVIRONMENT
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(alias.name in ENVIRONMENT for alias in node.names)
    return False


def test_the_environment_is_read_in_the_listed_files_alone() -> None:
    words = rf"\b(?:{'|'.join(ENVIRONMENT)})\b"
    found = {name_of(path) for path in files_with(words, *OURS) if reads_environment(path)}
    assert found == set(exceptions()["readers of the environment"])


def callers_of_reveal() -> Iterator[str]:
    for path in files_with("reveal", *OURS):
        calls = [node for node in ast.walk(tree_of(path)) if _is_reveal(node)]
        places = list(functions_of(path))
        for call in calls:
            around = [
                name
                for name, node in places
                if node.lineno <= call.lineno <= (node.end_lineno or node.lineno)
            ]
            yield f"{name_of(path)}:{around[-1] if around else ''}"


def _is_reveal(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "reveal"


def test_a_secret_is_revealed_in_the_listed_functions_alone() -> None:
    assert sorted(set(callers_of_reveal())) == sorted(exceptions()["callers of reveal"])


@pytest.mark.parametrize("room", ["controller", "schemas", "tests"])
def test_fewer_and_fewer_checks_are_silenced(room: str) -> None:
    found: Counter[str] = Counter()
    for path in files_with(SILENCING, room):
        for comment in comments_of(path):
            found.update(kind for kind, pattern in SILENCED.items() if pattern.search(comment))
    allowed = exceptions()["silenced"][room]
    assert {kind: found[kind] for kind in SILENCED if found[kind] > allowed.get(kind, 0)} == {}


def test_what_is_silenced_names_the_check() -> None:
    unnamed = {
        f"{name_of(path)}: {comment}"
        for path in files_with(SILENCING, *OURS)
        for comment in comments_of(path)
        if NAMED.search(comment)
    }
    assert unnamed == set()
