"""The scenes, one after another; each looks at the live thing.

A scene that an earlier, interrupted run had begun is continued: pushes are made once, and what can
still be seen is looked at again.
"""

import json
from typing import Any

from controller.demo.observer import NotObserved, wait_for
from controller.demo.rotation import rotate_under_load
from controller.demo.scene import Proof, Scene, Stage
from controller.demo.store import ask_store_about_its_user

API = "products/shop/stacks/api.yaml"
GREETING = "Welcome to the shop"
SECOND_GREETING = "Welcome back to the shop"
HAND_MADE_GREETING = "changed by hand"
BROKEN = """\
apiVersion: platform/v1
kind: Stack
metadata:
  name: shop-reports
  product: shop
spec:
  modul: modules/local/storage
  inputs: {versioning: true}
"""
REPLICAS = 2
"""How many of the service run in production."""
PLACE = "products/shop/stacks/reports.yaml:7:3"
ATTEMPTS = 3
TAKEN_BACK = -1.0
SLOW = 100.0
"""Milliseconds that tell the slow service from the quick one."""


def secrets_are_kept(stage: Stage) -> Proof:
    """A real OpenBao answers, and the controller is nobody special there."""
    about = wait_for(
        "OpenBao with the controller's login", lambda: ask_store_about_its_user(stage.folder)
    )
    if "root" in about["policies"]:
        raise NotObserved("the controller works with the root policy")
    return Proof(
        f"OpenBao {about['version']} is unsealed; the controller logs in by AppRole with the "
        f"policies {', '.join(about['policies'])}",
        about,
    )


def first_release_runs(stage: Stage) -> Proof:
    """Three stacks in dev became real things, and the service really uses them."""
    shop = stage.shop("dev")
    wait_for("the shop answers in dev", shop.greeting)
    order = wait_for("an order can be made in dev", shop.order)
    rows = shop.rows(
        "SELECT usename FROM pg_stat_activity WHERE datname = 'shop' AND usename LIKE 'shop_app%'"
    )
    found = shop.rows(f"SELECT quantity FROM orders WHERE id = '{order}'")  # noqa: S608 - our own id
    receipts = stage.folder.cloud / "buckets"
    receipt = wait_for(
        "the receipt in the bucket", lambda: next(iter(receipts.rglob(f"{order}.json")), None)
    )
    if not rows or found != [(1,)]:
        raise NotObserved(f"order {order} is not in the database, or nobody is logged in")
    return Proof(
        "GET / and POST /orders answer; the order is a row in PostgreSQL, written by the login "
        f"`{rows[0][0]}` from OpenBao, and a receipt in the bucket",
        {"order": order, "login": rows[0][0], "receipt": str(receipt.name), "url": shop.url},
    )


def gate_lets_it_on(stage: Stage) -> Proof:
    """Locust said yes in dev, so staging has it."""
    pointer = wait_for(
        "a pointer for staging in Git", lambda: stage.developer.pointer("shop/staging")
    )
    shop = stage.shop("staging")
    wait_for("the shop answers in staging", shop.greeting)
    gates = _decision(stage, "shop/staging")["gates"]
    if not any(gate["ruling"] in {"pass", "warn"} for gate in gates):
        raise NotObserved(f"the decision rests on no passed gate: {gates}")
    return Proof(
        f"staging answers at {shop.url}; Git says why: {gates[0]['reasons'][0]}",
        {"pointer": pointer, "gates": gates},
    )


def production_waits_for_a_person(stage: Stage) -> Proof:
    """Nothing is in production before somebody approved it."""
    if not stage.developer.pointer("shop/production"):
        waiting = wait_for("production waits for an approval", lambda: _approval_wanted(stage))
        _nothing_in_production(stage)
        stage.remember("empty-production", waiting["candidate"])
        stage.say(f"nothing runs in production; approving {waiting['candidate'][:12]} as `demo`")
        _approve(stage)
    if stage.recall("empty-production") is None:
        raise NotObserved("production was not seen empty before its first release")
    shop = stage.shop("production")
    wait_for("the shop answers in production", shop.greeting)
    replicas = wait_for("two replicas", lambda: shop.status()["running"] == REPLICAS)
    approvals = _decision(stage, "shop/production")["approvals"]
    if not any(approval["by"] == "demo" for approval in approvals):
        raise NotObserved(f"the decision carries no approval by `demo`: {approvals}")
    return Proof(
        "nothing ran in production before the approval by `demo`; now two replicas answer there",
        {"approvals": approvals, "two_replicas": replicas},
    )


def change_goes_through(stage: Stage) -> Proof:
    """A pushed change reaches every environment, with the same gates and approval."""
    commit = stage.developer.push(
        "change", "Greet people who come back", {API: (GREETING, SECOND_GREETING)}
    )
    seen: dict[str, Any] = {"commit": commit}
    for environment in ("dev", "staging"):
        shop = stage.shop(environment)
        wait_for(f"the new greeting in {environment}", _greets(shop, SECOND_GREETING))
        seen[environment] = shop.url
        stage.say(f"{environment} greets with the new words")
    if stage.developer.pointer("shop/production").get("commit") != commit:
        wait_for("production waits for an approval", lambda: _approval_wanted(stage, commit))
        _approve(stage)
    production = stage.shop("production")
    wait_for("the new greeting in production", _greets(production, SECOND_GREETING))
    return Proof(f"{commit[:12]} went through dev, staging and, approved, production", seen)


def slow_change_is_stopped(stage: Stage) -> Proof:
    """A change that makes the service slow gets no further than dev, and is taken back there.

    A run that was killed may have missed the slow moment; then another slow change is made.
    """
    before = stage.developer.pointer("shop/staging")["commit"]
    for attempt in range(1, ATTEMPTS + 1):
        slow = _make_it_slow(stage, attempt)
        if slow is not None:
            break
    else:
        raise NotObserved("dev was never seen slow")
    dev = stage.shop("dev")
    quick = wait_for("dev is quick again", lambda: _if_quick(dev.median_latency()))
    if stage.developer.pointer("shop/staging")["commit"] != before:
        raise NotObserved("staging was moved although the gate said no")
    return Proof(
        f"the gate stopped {slow['commit'][:12]} ({slow['gate']['reasons'][0]}); dev went from "
        f"{slow['milliseconds']:.0f} ms back to {quick:.0f} ms, staging never moved",
        slow,
    )


def _make_it_slow(stage: Stage, attempt: int) -> dict[str, Any] | None:
    """Push a slow change, see it slow, see it taken back; None when it was not seen slow."""
    quick_words = "RECOMMENDATIONS: bestsellers "
    slow_words = f'ATTEMPT: "{attempt}"\n      RECOMMENDATIONS: exhaustive  '
    scene = f"slow-{attempt}"
    commit = stage.developer.push(scene, "Better recommendations", {API: (quick_words, slow_words)})
    if stage.developer.commit_of(f"{scene}-reverted") is None:
        if stage.recall(scene) is None:
            milliseconds = _see_it_slow(stage, commit)
            if milliseconds is not None:
                stage.remember(scene, milliseconds)
        wait_for("dev is rolled back", lambda: _is_rejected(stage, commit))
        gates = _decision(stage, "shop/dev")["gates"]
        stage.remember(f"{scene}-gate", next(g for g in gates if g["ruling"] == "fail"))
        stage.developer.push(
            f"{scene}-reverted",
            "Revert: better recommendations",
            {API: (slow_words, quick_words)},
        )
    milliseconds, gate = stage.recall(scene), stage.recall(f"{scene}-gate")
    if milliseconds is None:
        return None
    return {"commit": commit, "milliseconds": milliseconds, "gate": gate}


def hand_made_change_is_corrected(stage: Stage) -> Proof:
    """Somebody changes a live thing by hand: found, named, put back. Then a process is killed."""
    from controller.localcloud.client import Cloud

    shop, cloud, unit = stage.shop("dev"), Cloud(stage.folder.cloud), "shop/dev/shop-api"
    _settle(stage, unit)
    known = _numbers(stage, unit)
    cloud.edit("service", "shop-dev-shop-api", {"environment.GREETING": HAND_MADE_GREETING})
    wait_for("the change by hand is live", _greets(shop, HAND_MADE_GREETING))
    stage.controller.act("drift", unit)
    event = wait_for("the drift is named", lambda: _new(_drift_events(stage, unit), known))
    wait_for("the greeting is put back", _greets(shop, SECOND_GREETING))
    _settle(stage, unit)
    known |= _numbers(stage, unit)
    killed = cloud.kill("service", "shop-dev-shop-api")
    stage.controller.act("drift", unit)
    second = wait_for(
        "the killed process is named", lambda: _new(_drift_events(stage, unit), known)
    )
    wait_for("the service answers again", _greets(shop, SECOND_GREETING))
    if "GREETING" not in event["message"]:
        raise NotObserved(f"the finding does not name the greeting: {event['message']}")
    return Proof(
        f"found and put back: {event['message']}; and after kill -9: {second['message']}",
        {"edited": event, "killed": second, "pids": list(killed)},
    )


def secret_rotates_under_load(stage: Stage) -> Proof:
    """The database's password changes while customers order; nobody notices."""
    facts = rotate_under_load(stage)
    return Proof(
        f"login `{facts['old_login']}` gave way to `{facts['new_login']}` "
        f"while {facts['requests']} requests were made: {facts['failed']} failed; "
        "the old login is refused",
        facts,
    )


def broken_document_is_refused(stage: Stage) -> Proof:
    """A broken document is named by file, line and column; what does not need it goes on."""
    shop = stage.shop("dev")
    words = "Welcome, whatever happens"
    reports = "products/shop/stacks/reports.yaml"
    commit = stage.developer.push(
        "broken", "Reports, and a new greeting", {reports: BROKEN, API: (SECOND_GREETING, words)}
    )
    finding = stage.recall("finding")
    if finding is None:
        finding = wait_for("the finding with its place", lambda: _finding_at(stage, PLACE))
        wait_for("the rest of the commit in dev", _greets(shop, words))
        if stage.developer.pointer("shop/staging")["commit"] == commit:
            raise NotObserved("a broken commit was promoted")
        stage.remember("finding", finding)
    stage.developer.push(
        "mended", "Take the reports out again", {reports: None, API: (words, SECOND_GREETING)}
    )
    wait_for("the mended commit in dev", _greets(shop, SECOND_GREETING))
    wait_for("no finding is left", lambda: _finding_at(stage, PLACE) is None)
    return Proof(
        f"{finding['place']}: {finding['message']}; the new greeting of the same commit "
        "reached dev all the same, and the commit was not promoted",
        {"finding": finding, "commit": commit},
    )


SCENES = (
    Scene("secrets", "OpenBao keeps the secrets", secrets_are_kept, essential=True),
    Scene("release", "the first release runs in dev", first_release_runs, essential=True),
    Scene("gate", "the load gate lets it on to staging", gate_lets_it_on, essential=True),
    Scene(
        "approval", "production waits for a person", production_waits_for_a_person, essential=True
    ),
    Scene("change", "a pushed change goes through", change_goes_through),
    Scene("slow-change", "a slow change is stopped and rolled back", slow_change_is_stopped),
    Scene("drift", "changes by hand are found and put back", hand_made_change_is_corrected),
    Scene("rotation", "a secret rotates under load", secret_rotates_under_load),
    Scene("broken", "a broken document is refused", broken_document_is_refused),
)


def _greets(shop: Any, words: str) -> Any:
    return lambda: shop.greeting() == words


def _approval_wanted(stage: Stage, commit: str | None = None) -> dict[str, Any] | None:
    found: dict[str, Any] = stage.controller.get("stages/shop/production")
    if not found["approval_wanted"] or (commit and found["candidate"] != commit):
        return None
    return found


def _approve(stage: Stage) -> None:
    token = stage.folder.token.read_text().strip()
    stage.controller.act("approve", "shop/production", token=token, reason="the demo was told to")


def _nothing_in_production(stage: Stage) -> None:
    try:
        status = stage.shop("production").status()
    except LookupError:
        return
    raise NotObserved(f"something runs in production before the approval: {status['name']}")


def _decision(stage: Stage, name: str) -> dict[str, Any]:
    pointer = stage.developer.pointer(name)
    short = pointer["decision"].removeprefix("sha256:")[:16]
    text = stage.developer.promoted(f"decisions/{name}/{short}.json")
    if text is None:
        raise NotObserved(f"the promotions branch holds no decision {short} for {name}")
    decision: dict[str, Any] = json.loads(text)
    return decision


def _see_it_slow(stage: Stage, commit: str) -> float | None:
    """Give the latency once dev is slow; None when the change was taken back unseen."""
    dev = stage.shop("dev")

    def look() -> float:
        if _is_rejected(stage, commit):
            return TAKEN_BACK
        latency = dev.median_latency(3)
        return latency if latency > SLOW else 0.0

    seen = wait_for("dev has become slow", look)
    return None if seen == TAKEN_BACK else seen


def _is_rejected(stage: Stage, commit: str) -> bool:
    return stage.developer.pointer("shop/dev").get("rejected_commit") == commit


def _if_quick(latency: float) -> float:
    return latency if latency < SLOW else 0.0


def _drift_events(stage: Stage, unit: str) -> list[dict[str, Any]]:
    return stage.controller.events(f"unit:{unit}", "DriftDetected")


def _numbers(stage: Stage, unit: str) -> set[int]:
    found = wait_for("the controller answers", lambda: (_drift_events(stage, unit),))
    return {event["number"] for event in found[0]}


def _settle(stage: Stage, unit: str) -> None:
    """Wait until a unit was looked at anew and nothing is done to it.

    While an apply is under way, what is changed by hand would be put back without being named: it
    may still bring back an earlier release, or what a restart of this machine took away.
    """
    before = wait_for("the unit is known", lambda: stage.controller.get(f"units/{unit}"))
    stage.controller.act("drift", unit)
    wait_for("it is as applied", lambda: _is_quiet(stage, unit, before["drift_looked_at"]))


def _is_quiet(stage: Stage, unit: str, before: str | None) -> bool:
    found = stage.controller.get(f"units/{unit}")
    holds = {each["type"] for each in found["conditions"] if each["status"] == "True"}
    is_done = {"Ready", "Applied", "InSync"} <= holds and "Reconciling" not in holds
    return is_done and found["drift_looked_at"] not in {None, before}


def _new(events: list[dict[str, Any]], known: set[int]) -> dict[str, Any] | None:
    return next((event for event in events if event["number"] not in known), None)


def _finding_at(stage: Stage, place: str) -> dict[str, Any] | None:
    found = stage.controller.get("findings")
    findings = found["findings"] if isinstance(found, dict) else found
    return next((finding for finding in findings if finding["place"] == place), None)
