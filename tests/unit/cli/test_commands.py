"""The table of commands: help, examples, exit codes, and what happens to a bug."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import controller
from controller import __version__
from controller.cli import failures
from controller.cli.main import COMMANDS, main
from controller.cli.main import trueup as group
from schemas.registry import KINDS

DOCS = Path(__file__).parents[3] / "docs" / "cli.md"
HEADER = """\
# The command line

Text for people, `-o json` for programs on every command that reads. Data goes to standard output,
messages to the standard error stream. `NO_COLOR` is honoured; in a pipe nothing is coloured or cut.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | refused, with diagnostics |
| 2 | changes are present (only with `--detailed-exitcode`) |
| 64 | wrong use |
| 70 | a bug of ours; a report was written |
| 75 | nothing is wrong with the command: come again later |
| 130 | interrupted |

This page is made from the commands' own help by `tests/unit/cli/test_commands.py`.
"""


def help_of(name):
    with click.Context(
        group, info_name="trueup", max_content_width=100, terminal_width=96,
        help_option_names=["-h", "--help"],
    ) as root:  # fmt: skip
        if not name:
            group._help_option = None  # another test may have made it under another context
            return group.get_help(root)
        command = group.get_command(root, name)
        command._help_option = None  # another test may have made it under another context
        with click.Context(
            command, info_name=name, parent=root, max_content_width=100, terminal_width=96,
            help_option_names=["-h", "--help"],
        ) as context:  # fmt: skip
            command._help_option = None  # click keeps that of the first context it saw
            return command.get_help(context)


def test_the_page_on_the_command_line_is_what_the_commands_say():
    """`TRUEUP_TEST_SNAPSHOTS=1` writes it anew."""
    parts = [HEADER, f"## trueup\n\n```text\n{help_of('')}\n```\n"]
    parts += [f"## trueup {name}\n\n```text\n{help_of(name)}\n```\n" for name in COMMANDS]
    text = "\n".join(parts)
    if os.environ.get("TRUEUP_TEST_SNAPSHOTS"):
        DOCS.write_text(text)
    assert DOCS.read_text() == text


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_the_help_of_the_table_and_an_example(name):
    text = help_of(name)
    assert f"  {COMMANDS[name].help}" in text
    assert f"Example:\n    trueup {name}" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_has_help(name):
    command = group.get_command(click.Context(group), name)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_help_loads_nothing_heavy():
    source = (
        "import sys; from controller.cli.main import main; code = main(['--help'])\n"
        "heavy = {'rich', 'httpx', 'pydantic', 'starlette', 'locust', 'controller.app'}\n"
        "print(sorted(heavy & set(sys.modules)), code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )
    assert done.stderr == "[] 0\n"


def test_a_mistyped_command_is_asked_about(capsys):
    assert main(["gett", "units"]) == 64
    assert "did you mean `get`?" in capsys.readouterr().err
    assert main(["frobnicate"]) == 64
    assert main([]) == 64


def test_the_version(capsys):
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"trueup {__version__}\n"
    assert main(["version", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == __version__


@pytest.mark.parametrize("words", [[], *([kind] for kind in KINDS)])
def test_the_schemas(capsys, words):
    assert main(["schema", *words]) == 0
    assert "$schema" in json.loads(capsys.readouterr().out)


def test_a_kind_that_is_not_there(capsys):
    assert main(["schema", "Stak"]) == 1
    assert "error[cli/kind-unknown]: there is no kind `Stak`" in capsys.readouterr().err


def test_a_code_without_a_page(capsys):
    for code in ("load/nothing-of-the-kind", "../../../etc/passwd", ""):
        assert main(["explain", code]) == 1
        assert "error[cli/no-page]" in capsys.readouterr().err


def test_a_code_with_a_page(capsys):
    from controller.diagnostics.explain import codes

    for code in codes()[:3]:
        assert main(["explain", code]) == 0
        assert capsys.readouterr().out.strip()


def test_a_bug_is_reported_to_a_file_without_secrets(monkeypatch, tmp_path, capsys):
    """The demo is made to break; its error and the environment hold what must not be told."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("SOME_PASSWORD", "canary-of-environment")
    secret = "hvs.CAESIJ4k2mN8qX9vT3bL7wR1"

    class Broken:
        @staticmethod
        def demo(*_, **__):
            raise RuntimeError(f"token={secret} at https://me:{secret}@host/ and {secret}")

    monkeypatch.setitem(sys.modules, "controller.demo.run", Broken)
    assert main(["demo", "--dir", "canary-of-arguments"]) == 70
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    file = next(tmp_path.glob("trueup-crash-*.txt"))
    assert str(file) in told
    report = file.read_text()
    assert "RuntimeError" in report
    assert f"version: {__version__}" in report
    assert "command: demo" in report
    assert secret.removeprefix("hvs.") not in report
    assert "canary" not in report


def test_what_looks_like_a_secret_is_left_out():
    assert failures.redacted("see controller/cli/main.py line 12") == (
        "see controller/cli/main.py line 12"
    )
    assert "x9" not in failures.redacted("password: 'x9'")


def test_ctrl_c_ends_with_130(monkeypatch, capsys):
    class Interrupted:
        @staticmethod
        def demo(*_, **__):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "controller.demo.run", Interrupted)
    assert main(["demo"]) == 130


def test_serve_reads_the_settings_first(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["serve"]) == 1
    assert "error[settings/not-there]" in capsys.readouterr().err
    served = []

    class Serving:
        @staticmethod
        def serve(settings, reread):
            served.append(settings)
            assert reread() == settings
            return 0

    monkeypatch.setattr(controller, "serving", Serving, raising=False)
    (tmp_path / "trueup.yaml").write_text("repository: {url: /r.git}\n")
    assert main(["serve"]) == 0
    assert served[0].repository.url == "/r.git"
