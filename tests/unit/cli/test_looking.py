"""`get`, `describe` and `events`, against the API."""

import json
from dataclasses import replace

import pytest

from controller.cli.get import KINDS
from controller.cli.names import event_subject
from controller.cli.surroundings import Surroundings
from tests.unit.cli.conftest import Bridge
from tests.unit.web.fake_app import DECISION, FINDING, events, stage, unit

HOSTILE = "\x1b[31mred\x1b]0;title\x07\u202etxt\nnext [bold]line"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_listed(trueup, snapshot, kind):
    ended = trueup("get", kind)
    assert (ended.code, ended.err) == (0, "")
    snapshot(f"cli/get-{kind}.txt", ended.out)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_listed_for_programs(trueup, kind):
    ended = trueup("get", kind, "-o", "json")
    assert isinstance(json.loads(ended.out), list)


def test_what_hangs_on_what_is_a_tree(trueup, snapshot):
    ended = trueup("tree")
    assert (ended.code, ended.err) == (0, "")
    snapshot("cli/tree.txt", ended.out)
    assert json.loads(trueup("tree", "shop", "-o", "json").out)[0]["product"] == "shop"
    assert trueup("tree", "shoe").code == 1


def test_a_stage_or_a_product_narrows_the_list(trueup):
    units = json.loads(trueup("get", "units", "--stage", "shop/dev", "-o", "json").out)
    assert {one["environment"] for one in units} == {"dev"}
    assert json.loads(trueup("get", "stages", "--product", "other", "-o", "json").out) == []
    releases = json.loads(trueup("get", "releases", "--stage", "shop/production", "-o", "json").out)
    assert len(releases) == 1
    assert trueup("get", "secrets", "--stage", "shop/dev").err == "there are no secrets\n"


def test_what_is_not_there_is_asked_about(trueup):
    ended = trueup("describe", "shop/dev/shop-ap")
    assert ended.code == 1
    assert "did you mean `shop/dev/shop-api`?" in ended.err
    ended = trueup("get", "units", "--stage", "shop/nowhere")
    assert (ended.code, ended.out) == (1, "")
    assert "error[app/not-found]" in ended.err


def test_a_wrong_token_is_told_with_the_option_that_names_another(trueup, folder):
    (folder / "other-token").write_text("of-somebody-else\n")
    ended = trueup("get", "units", "--token-file", "other-token")
    assert ended.code == 1
    assert "error[web/not-recognised]" in ended.err
    assert "--token-file FILE" in ended.err
    assert "Authorization" not in ended.err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("unit", ["shop/staging/shop-api"]),
        ("stage", ["shop/production"]),
        ("stage-with-gates", ["stage", "shop/staging"]),
        ("secret", ["shop/staging/shop-api-key"]),
        ("decision", [DECISION]),
    ],
)
def test_one_thing_is_described(trueup, snapshot, name, words):
    ended = trueup("describe", *words)
    assert (ended.code, ended.err) == (0, "")
    snapshot(f"cli/describe-{name}.txt", ended.out)
    assert json.loads(trueup("describe", *words, "-o", "json").out)


def test_a_unit_that_waits_for_a_person_says_how_to_go_on(trueup):
    shown = trueup("describe", "shop/production/shop-db").out.splitlines()
    (told,) = [line for line in shown if line.startswith("Next")]
    assert told.endswith("`trueup approve shop/production/shop-db` lets exactly this plan through")


def test_what_is_not_there_is_said(trueup):
    for words in (["shop/dev/x"], ["unit", "shop/dev/x"], ["secret", "a/b/c"], ["a/b"]):
        ended = trueup("describe", *words)
        assert (ended.code, ended.out) == (1, ""), words
        assert "there is no" in ended.err


@pytest.mark.parametrize(
    "words", [["shop"], ["unit"], ["gate", "x"], ["stage", "a/b/c"], ["sha256:12"], ["../x/y"]]
)
def test_a_name_that_cannot_be_is_wrong_use(trueup, words):
    assert trueup("describe", *words).code == 64


def test_events_are_shown(trueup, snapshot):
    snapshot("cli/events.txt", trueup("events").out)
    found = json.loads(trueup("events", "--subject", "shop/staging/shop-api", "-o", "json").out)
    assert [one["reason"] for one in found] == ["DriftDetected"]


def test_events_are_followed(app, served, folder, capsys):
    from controller.cli.main import main

    turns = []

    def wait(seconds):
        turns.append(seconds)
        number = len(app.event_views) + 1
        app.event_views.append(replace(events()[0], number=number, reason=f"New{number}"))

    around = Surroundings(Bridge(served), wait=wait, is_over=lambda: len(turns) == 2)
    assert main(["events", "-f", "--limit", "1", "-o", "json"], around) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["number"] for one in lines] == [5, 6, 7]


def test_following_an_empty_log_shows_what_comes(app, served, folder, capsys):
    from controller.cli.main import main

    app.event_views = []
    turns = []

    def wait(seconds):
        turns.append(seconds)
        app.event_views.append(replace(events()[0], number=len(turns)))

    around = Surroundings(Bridge(served), wait=wait, is_over=lambda: len(turns) == 2)
    assert main(["events", "-f"], around) == 0
    assert capsys.readouterr().out.count("NewRevision") == 2


def test_text_from_outside_plays_no_tricks_with_the_terminal(trueup, app):
    app.stage_views = (stage("dev", subject=HOSTILE, author=HOSTILE, waiting_for=HOSTILE),)
    app.unit_views = (unit("dev", "shop-api", message=HOSTILE, drift=(HOSTILE,)),)
    app.event_views = [replace(one, message=HOSTILE) for one in events()]
    for words in (
        ["get", "stages"], ["get", "units"], ["get", "releases"], ["describe", "shop/dev"],
        ["describe", "shop/dev/shop-api"], ["events"],
    ):  # fmt: skip
        out = trueup(*words).out
        assert "\x1b" not in out, words
        assert "\u202e" not in out, words
        assert "[bold]line" in out, words


def test_the_lines_of_an_engine_are_told_in_one(trueup, app):
    app.unit_views = (unit("dev", "shop-api", message="it broke off:\n  | no such bucket\r\n"),)
    assert "it broke off: | no such bucket\n" in trueup("describe", "shop/dev/shop-api").out


def test_on_a_terminal_names_are_whole_and_markup_is_text(trueup, app, monkeypatch):
    """Rich reads `[bold]` as markup where it may, and cuts what does not fit."""
    import sys

    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    app.unit_views = (unit("dev", "a-very-long-name-of-a-stack", message="[bold]x[/bold] y"),)
    out = trueup("get", "units").out
    assert "shop/dev/a-very-long-name-of-a-stack" in out
    assert "…" not in out


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shop/dev", "stage:shop/dev"),
        ("shop/dev/shop-api", "unit:shop/dev/shop-api"),
        ("source", "source:repository"),
        ("secret:shop/dev/key", "secret:shop/dev/secret.key"),
        ("secret:shop/dev/secret.key", "secret:shop/dev/secret.key"),
        ("drift:shop/dev/shop-api", "drift:shop/dev/shop-api"),
    ],
)
def test_what_events_are_about_is_guessed(typed, meant):
    assert event_subject(typed) == meant


@pytest.mark.parametrize("scope", ["repository", "machine"])
def test_what_may_be_old_is_said_while_git_or_the_disk_makes_it_so(trueup, scope):
    told = "no route (last reached at 2030-01-01T00:00:00+00:00)"
    trueup.app.finding_views = [replace(FINDING, scope=scope, message=told)]
    ended = trueup("get", "stages")
    assert ended.err == f"note: {told}\n"
    assert told not in ended.out
    assert trueup("get", "stages", "-o", "json").err == ""
