"""The documentation names everything, its links lead somewhere, and its examples run."""

import re
import shlex
import subprocess
import textwrap
import typing
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import click
import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from controller import shipped
from controller.cli.main import COMMANDS, main, trueup
from controller.model.caller import Role
from controller.settings import Rule, Settings, User
from controller.steps.load import load as load_step
from schemas.registry import KINDS
from tests.unit.load.load_repositories import snapshot

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {ROOT / "docs" / "cli.md"}
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
WRITTEN = [path for path in PAGES if path not in GENERATED]
LONGEST_PAGE = 150
OFFLINE = frozenset(
    {"validate", "render", "plan", "schema", "explain", "forecast", "capacity", "version"}
)

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
REGISTRIES = tuple(
    name.replace("-", "").replace(" ", ".")  # written so that this file names none of them either
    for name in (
        "docker io", "ghcr io", "quay io", "gcr io", "ecr aws", "mcr microsoft com", "pypi org",
        "python-hosted org", "npmjs org", "crates io", "proxy golang org",
        "registry terraform io", "registry opentofu org",
    )
)  # fmt: skip
MAY_NAME_A_REGISTRY = {
    "tests/unit/engine/test_engine_files.py",  # lock files of Terraform hold the whole address
}
OF_A_MACHINE = re.compile(r"(?<![\w./$}-])/(?:home|Users|root|work|mnt|media)/[\w.-]")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose() -> str:
    return "\n".join(text_of(path) for path in WRITTEN)


# Settings.


def setting_rows(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Give a row of the table for every setting, in the order of the code."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from setting_rows(inner, f"{prefix}{name}.")
        elif inner in (tuple[User, ...], tuple[Rule, ...]):
            yield _row(f"{prefix}{name}", field)
            for part, of_part in typing.get_args(inner)[0].model_fields.items():
                yield f"| `{prefix}{name}[].{part}` | - | required | {of_part.description} |"
        else:
            yield _row(f"{prefix}{name}", field)


def _row(setting: str, field: FieldInfo) -> str:
    variable = "TRUEUP_" + setting.upper().replace(".", "__")
    return f"| `{setting}` | `{variable}` | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is None or value == ():
        return "-"
    if isinstance(value, timedelta):
        return f"`{TypeAdapter(timedelta).dump_json(value).decode().strip(chr(34))}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def settings_table() -> str:
    head = "| setting | variable | default | what it is |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(setting_rows(Settings)) + "\n"


def test_the_table_of_settings_is_that_of_the_code() -> None:
    assert settings_table() in text_of(ROOT / "docs" / "settings.md"), settings_table()


def test_the_files_in_the_quickstart_are_right() -> None:
    documents, settings = [
        textwrap.dedent(body)
        for _, language, body in FENCE.findall(text_of(ROOT / "docs" / "quickstart.md"))
        if language == "yaml"
    ]
    catalog = load_step.load(snapshot({"all.yaml": documents}), shipped.files())
    assert catalog.diagnostics == ()
    assert len(catalog.documents) == documents.count("kind:")
    found = Settings.model_validate(YAML(typ="safe", pure=True).load(settings))
    assert found.users[0].role in set(Role)


# Names.


def test_every_command_is_named_in_the_docs() -> None:
    missing = {name for name in COMMANDS if not re.search(rf"\b{name}\b", prose())}
    assert missing == set()


def test_every_kind_is_named_in_the_docs_beside_its_own_page() -> None:
    text = "\n".join(text_of(path) for path in WRITTEN if path.parent.name != "kinds")
    assert {kind for kind in KINDS if not re.search(rf"\b{kind}\b", text)} == set()


def test_every_role_is_told_and_every_word_of_the_glossary_is_used() -> None:
    assert all(f"| `{role}` |" in text_of(ROOT / "docs" / "operating.md") for role in Role)
    glossary = text_of(ROOT / "docs" / "glossary.md")
    words = re.findall(r"^\| ([a-z ]+) \|", glossary, re.MULTILINE)[1:]
    assert len(words) == len(set(words))
    code = " ".join(
        text_of(path).lower()
        for room in ("controller", "schemas")
        for path in (ROOT / room).rglob("*.py")
    )
    assert {word for word in words if word not in code} == set()


def test_every_page_is_reached_from_the_readme_and_short_enough() -> None:
    linked = text_of(ROOT / "README.md")
    for path in (ROOT / "docs").glob("*.md"):
        assert f"docs/{path.name}" in linked, path.name
        if path not in GENERATED:
            assert len(text_of(path).splitlines()) <= LONGEST_PAGE, path.name


# Links and addresses.


def links() -> Iterator[tuple[Path, str]]:
    for path in PAGES:
        for target in LINK.findall(FENCE.sub("", text_of(path))):
            if not re.match(r"[a-z]+:", target):
                yield path, target


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize(
    ("page", "target"), [pytest.param(page, to, id=f"{name_of(page)}:{to}") for page, to in links()]
)
def test_every_link_leads_somewhere(page: Path, target: str) -> None:
    file, _, heading = target.partition("#")
    found = (page.parent / file).resolve() if file else page
    if name_of(found) == "docs/overview.png" and not found.exists():
        pytest.skip("the picture of the overview is not made yet")
    assert found.exists()
    assert found.is_relative_to(ROOT)
    if heading:
        headings = re.findall(r"^#+ (.+)$", text_of(found), re.MULTILINE)
        assert heading in {slug(each) for each in headings}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("this is no checkout: nothing tells which files belong to it")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_registry_or_a_folder_of_somebodys_machine() -> None:
    found = []
    for path in tracked():
        try:
            text = text_of(path)
        except UnicodeDecodeError:
            continue
        if name_of(path) not in MAY_NAME_A_REGISTRY:
            found += [(name_of(path), name) for name in REGISTRIES if name in text]
        if name_of(path) != "tests/docs/test_docs.py":
            found += [(name_of(path), place) for place in OF_A_MACHINE.findall(text)]
    assert found == []


# Examples.


def command_lines(path: Path) -> Iterator[str]:
    """Give each `trueup …` of a page: in examples, and between backticks."""
    for _, language, body in FENCE.findall(text_of(path)):
        if language in {"console", "sh"}:
            for line in body.splitlines():
                words = line.strip().removeprefix("$ ").removeprefix(".venv/bin/")
                if words.startswith("trueup "):
                    yield words
    for words in INLINE.findall(FENCE.sub("", text_of(path))):
        if words.startswith("trueup ") and "…" not in words and "|" not in words:
            yield words


def examples() -> list[str]:
    """Give the examples marked `console` that need no controller."""
    return [
        line.strip().removeprefix("$ ")
        for path in WRITTEN
        for _, language, body in FENCE.findall(text_of(path))
        if language == "console"
        for line in body.splitlines()
        if line.strip().startswith("$ trueup ") and line.split()[2] in OFFLINE
    ]


@pytest.mark.parametrize("path", WRITTEN, ids=name_of)
def test_every_command_line_on_a_page_can_be_parsed(path: Path) -> None:
    for line in command_lines(path):
        command: click.Command | None = trueup
        words = shlex.split(line)[1:]
        while isinstance(command, click.Group) and words and words[0].islower():
            command = command.get_command(click.Context(command), words.pop(0))
        assert command is not None, line
        command.make_parser(click.Context(command)).parse_args(words)


def test_there_are_examples_of_everything_that_runs_without_a_controller() -> None:
    assert {example.split()[1] for example in examples()} == OFFLINE


@pytest.mark.parametrize("example", dict.fromkeys(examples()))
def test_the_examples_that_need_no_controller_run(
    example: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, content in shipped.example().items():
        file = tmp_path / "platform-config" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(example)[1:]) == 0
    told = capsys.readouterr()
    assert told.out or "0 errors" in told.err


def test_the_targets_of_make_in_the_readme_exist() -> None:
    targets = re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE)
    named = re.findall(r"\bmake ([a-z-]+)", text_of(ROOT / "README.md"))
    assert {"demo", "test"} <= set(named)
    assert set(named) <= set(targets)
    first_screen = "\n".join(text_of(ROOT / "README.md").splitlines()[:20])
    assert "make demo" in first_screen
    assert "make test" in first_screen


def test_the_scenes_in_the_readme_are_those_of_the_demo() -> None:
    from controller.demo.scenes import SCENES

    rows = re.findall(r"^\| ([a-z-]+) \| ", text_of(ROOT / "README.md"), re.MULTILINE)
    names = [scene.name for scene in SCENES]
    assert rows[rows.index(names[0]) : rows.index(names[0]) + len(names)] == names
