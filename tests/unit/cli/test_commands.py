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

Text for people, `-o json` for programs on every command that reads or acts. Data goes to standard
output, messages to the standard error stream. With `-o json` an error is a JSON object on standard
output as well, as the [API](api.md#errors) has it. `NO_COLOR` is honoured; in a pipe nothing is
coloured or cut. `trueup COMMAND --help` tells what stands here.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | refused, with diagnostics |
| 2 | changes are present (`--detailed-exitcode`), or what was shown is not done without `--yes` |
| 64 | wrong use |
| 70 | a bug of ours; a report was written |
| 75 | nothing is wrong with the command: come again later |
| 130 | interrupted |

Commands marked with [controller] ask one, and have these options as well:

| option | meaning |
| --- | --- |
{options}

This page is made from the commands' own help by `tests/unit/cli/test_commands.py`.
"""
ASKED = ("server", "token_file", "data", "settings")


def leaves(command=group, words=()):
    """Give every command that does something, and every group, with its words."""
    names = command.list_commands(None) if isinstance(command, click.Group) else ()
    for name in names:
        found = command.get_command(None, name)
        yield (*words, name), found
        yield from leaves(found, (*words, name))


EVERY = dict(leaves())


def options_of(command):
    return {each.name: each for each in command.params if isinstance(each, click.Option)}


def asks_controller(command):
    return set(ASKED) <= set(options_of(command))


def help_of(*words):
    command, context = group, None
    for name in ("trueup", *words):
        command = group if name == "trueup" else command.get_command(context, name)
        context = click.Context(
            command, info_name=name, parent=context, max_content_width=100, terminal_width=96,
            help_option_names=["-h", "--help"],
        )  # fmt: skip
    command._help_option = None  # click keeps that of the first context it saw
    with context:
        return command.get_help(context)


def section_of(words, monkeypatch):
    """Give what the page says of a command; what all have that ask a controller stands above."""
    command, mark = EVERY[words], ""
    if asks_controller(command):
        mark = " [controller]"
        for name in ASKED:
            monkeypatch.setattr(options_of(command)[name], "hidden", True)
    title = f"##{'#' * (len(words) - 1)} trueup {' '.join(words)}{mark}"
    return f"{title}\n\n```text\n{help_of(*words)}\n```\n"


def test_the_page_on_the_command_line_is_what_the_commands_say(monkeypatch):
    """`TRUEUP_TEST_SNAPSHOTS=1` writes it anew."""
    named = options_of(EVERY[("get",)])
    rows = [f"| `{named[name].opts[0]}` | {named[name].help} |" for name in ASKED]
    parts = [HEADER.replace("{options}", "\n".join(rows))]
    parts.append(f"## trueup\n\n```text\n{help_of()}\n```\n")
    parts += [section_of(words, monkeypatch) for words in EVERY]
    text = "\n".join(parts)
    if os.environ.get("TRUEUP_TEST_SNAPSHOTS"):
        DOCS.write_text(text)
    assert DOCS.read_text() == text


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_the_help_of_the_table(name):
    assert f"  {COMMANDS[name].help}" in help_of(name)


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_each_command_has_an_example_and_help_for_each_option(words):
    assert f"Example:\n    trueup {' '.join(words)}" in help_of(*words)
    for option in options_of(EVERY[words]).values():
        assert option.help, option.name


NOT_FOR_PROGRAMS = {
    ("gate", "report"), ("gate", "worker"), ("migrate",), ("render",), ("schema",),
    ("secrets", "backup"), ("serve",),
}  # fmt: skip
"""They write files, go on for ever, or print JSON anyway."""


def test_each_command_answers_in_json_but_those_that_have_nothing_to_tell():
    without = {
        words
        for words, command in EVERY.items()
        if not isinstance(command, click.Group)
        and not any("-o" in option.opts for option in options_of(command).values())
    }
    assert without == NOT_FOR_PROGRAMS


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


@pytest.mark.parametrize(
    ("arguments", "code", "ends_with"),
    [
        (["hold", "shop/dev", "-o", "json"], "cli/wrong-use", 64),  # an option is missing
        (["get", "nothing", "--output=json"], "cli/wrong-use", 64),
        (["get", "stages", "-ojson", "--server", "http://127.0.0.1:1"], "cli/no-controller", 1),
        (["explain", "load/nothing", "-o", "json"], "cli/no-page", 1),
    ],
)
def test_an_error_is_json_too_for_who_asks_for_it(arguments, code, ends_with, capsys, monkeypatch):
    monkeypatch.chdir("/")
    assert main(arguments) == ends_with
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert (told["code"], told["kind"]) == (code, "stalled")
    assert told["message"] and shown.err
    assert main([each for each in arguments if "json" not in each and each != "-o"]) == ends_with
    assert capsys.readouterr().out == ""


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
        page = capsys.readouterr().out.strip()
        assert main(["explain", code, "-o", "json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"code": code, "page": page}


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
