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
