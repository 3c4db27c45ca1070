import json
from datetime import UTC, datetime

import pytest

from controller.diagnostics.errors import ApprovalPending, Stalled, StoreUnreachable
from tests.unit.web.fake_app import COMMIT


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["reconcile"], ("reconcile", "")),
        (["reconcile", "shop/dev"], ("reconcile", "shop/dev")),
        (["drift", "shop/dev/shop-api"], ("drift", "shop/dev/shop-api")),
        (["approve", "shop/production", "--reason", "seen", "--expect", COMMIT],
         ("approve", "shop/production", "seen", COMMIT)),
        (["approve", "shop/production/shop-db"],
         ("approve-plan", "shop/production/shop-db", "", "")),
        (["promote", "shop/production"], ("promote", "shop/production")),
        (["promote", "shop/production", "--release", "9fceb02"],
         ("promote", "shop/production", "9fceb02")),
        (["promote", "shop/production", "--accept"], ("accept-edit", "shop/production")),
        (["promote", "shop/production", "--put-back"], ("put-back", "shop/production", "")),
        (["approve", "shop/production", "--revoke"], ("revoke", "shop/production", "")),
        (["lift", "shop/production"], ("lift", "shop/production", "")),
        (["rollback", "shop/production", "--reason", "slow", "--to", "9fceb02"],
         ("rollback", "shop/production", "slow", "9fceb02")),
        (["abort", "shop/production", "--reason", "slow"], ("abort", "shop/production", "slow")),
        (["hold", "shop/production", "--reason", "sale", "--until", "2026-12-24T18:00"],
         ("hold", "shop/production", "sale", datetime(2026, 12, 24, 18, tzinfo=UTC))),
        (["suspend", "shop/dev"], ("suspend", "shop/dev")),
        (["resume", "shop/dev/shop-api"], ("resume", "shop/dev/shop-api")),
        (["rotate", "shop/dev/shop-api-key"], ("rotate", "shop/dev/shop-api-key")),
        (["secrets", "ack", "shop/dev/shop-api-key", "--consumer", "proxy"],
         ("acknowledge", "shop/dev/shop-api-key", "proxy")),
        (["secrets", "ack", "shop/dev/shop-api-key", "--consumer", "proxy", "--generation", "3"],
         ("acknowledge", "shop/dev/shop-api-key", "proxy 3")),
        (["unlock", "shop/dev/shop-api", "--lock", "5f5e"],
         ("unlock", "shop/dev/shop-api", "5f5e")),
        (["state", "restore", "shop/dev/shop-api", "7", "--yes"],
         ("restore-state", "shop/dev/shop-api", "7")),
    ],
)  # fmt: skip
def test_an_action_is_asked_for_and_told(trueup, app, words, asked):
    ended = trueup(*words)
    assert (ended.code, ended.err) == (0, "")
    assert app.asked == [("ada", *asked)]
    assert (asked[1] or "the repository") in ended.out
    told = json.loads(trueup(*words, "-o", "json").out)
    assert (told["action"], told["subject"], told["by"]) == (asked[0], asked[1], "ada")


@pytest.mark.parametrize(
    "words",
    [
        ["approve"], ["approve", "shop/"], ["approve", "a/b/c/d"], ["drift", "shop/dev"],
        ["rotate", "SHOP/dev/x"],
        ["hold", "shop/dev"], ["rollback", "shop/dev"],
        ["hold", "shop/dev", "--reason", "x", "--until", "soon"], ["promote", "--frobnicate"],
        ["suspend", "a/b; x"],
    ],
)  # fmt: skip
def test_wrong_use_ends_with_64_and_asks_nothing(trueup, app, words):
    ended = trueup(*words)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err
    assert app.asked == []


def test_a_refusal_ends_with_1_and_says_why(trueup):
    ended = trueup("approve", "shop/production", "--expect", "b" * 40)
    assert ended.code == 1
    assert "error[trueup/stalled]: the release has changed since it was shown" in ended.err


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (ApprovalPending.because("somebody decides", hint="ask them"), 75, "waiting["),
        (StoreUnreachable.because("no answer"), 75, "failed for now["),
        (RuntimeError("canary"), 70, "bug["),
    ],
)
def test_what_the_controller_says_decides_how_a_command_ends(trueup, app, error, code, word):
    app.fails_with = error
    ended = trueup("reconcile")
    assert ended.code == code
    assert ended.err.startswith(word)
    assert "canary" not in ended.err


def test_an_adoption_shows_its_diff_and_the_branch(trueup, app):
    ended = trueup("adopt", "shop/dev/shop-api", "--branch", "robin/fix")
    assert (ended.code, app.asked) == (
        0,
        [("ada", "adopt", "shop/dev/shop-api", "robin/fix", False)],
    )
    assert ended.out == "--- a/x\n+++ b/x\n-one\n+two\ufffd[31m\n"
    assert "stays as it is: aws_sg.this: ignored until 2031-01-31" in ended.err
    assert "pushed robin/fix" in ended.err


def test_a_dry_adoption_pushes_nothing_and_says_so(trueup, app):
    ended = trueup("adopt", "shop/dev/shop-api", "--dry-run", "-o", "json")
    assert app.asked == [("ada", "adopt", "shop/dev/shop-api", "", True)]
    assert '"branch": ""' in ended.out
    app.fails_with = Stalled.because("nothing differs", code="adopt/no-drift")
    ended = trueup("adopt", "shop/dev/shop-api")
    assert (ended.code, ended.out) == (1, "")
    assert "error[adopt/no-drift]" in ended.err


def test_a_drill_is_shown_begun_and_watched_to_its_end(trueup, app):
    shown = trueup("rotate", "--owner", "team-shop", "--dry-run")
    assert (shown.code, app.asked) == (0, [])
    assert "shop/dev/a" in shown.out
    ended = trueup("rotate", "--label", "vendor=mailer", "--at-once", "--reason", "lost", "--yes")
    assert ended.code == 0
    assert app.asked == [("ada", "drill", "label:vendor=mailer", 2, True, "lost")]
    assert "shop/dev/a: waits\nshop/dev/b: by hand\n" in ended.err
    assert "shop/dev/a: done" in ended.err


def test_a_drill_that_is_not_waited_for_ends_with_75_and_can_be_watched_later(trueup):
    ended = trueup("rotate", "--all", "--yes", "--no-wait", "-o", "json")
    assert ended.code == 75
    found = json.loads(ended.out)
    assert [row["state"] for row in found["rows"]] == ["waits", "by hand"]
    assert f"--drill {found['id']}" in ended.err
    later = trueup("rotate", "--drill", found["id"])
    assert (later.code, later.err) == (0, "shop/dev/a: done\nshop/dev/b: by hand\n")


@pytest.mark.parametrize(
    "words",
    [
        [], ["--all", "--owner", "x"], ["shop/dev/a", "--all"], ["--label", "nothing"],
        ["--drill", "x", "--all"],
    ],
)  # fmt: skip
def test_a_drill_that_names_nothing_or_two_things_is_wrong_use(trueup, app, words):
    assert trueup("rotate", *words).code == 64
    assert app.asked == []


def test_a_drill_that_nobody_confirms_is_not_begun(trueup, app):
    assert trueup("rotate", "--all").code != 0
    assert app.asked == []


def test_a_dry_run_of_a_restore_says_what_is_known_of_where_it_was_made(trueup, app):
    moved = trueup("state", "restore", "shop/dev/shop-api", "7", "--dry-run")
    assert (moved.code, app.asked) == (0, [])
    assert "made elsewhere: `aws`: `region` north → south" in moved.out
    assert "the unit waits for a person (ProviderMoved)" in moved.out
    same = trueup("state", "restore", "shop/dev/shop-api", "9", "--dry-run")
    assert "made" not in same.out
    older = trueup("state", "restore", "shop/dev/shop-api", "5", "--dry-run")
    assert "not known: whether it was made where the unit's providers look now" in older.out


def test_a_clean_up_is_asked_for_or_shown_before(trueup, app):
    dry = trueup("gc", "--dry-run")
    assert [line.split() for line in dry.out.splitlines()[1:3]] == [
        ["artifacts", "3", "3.0", "MiB", "would", "go"], ["events", "120", "-", "would", "go"],
    ]  # fmt: skip
    assert json.loads(trueup("gc", "--dry-run", "-o", "json").out)["kept"]["decisions"]["count"]
    assert trueup("gc").out == "asked for a clean-up; `trueup events` tells when much went\n"
