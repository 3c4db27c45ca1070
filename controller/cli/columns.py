"""What tables show of each kind of thing."""

from collections.abc import Sequence

from controller.cli.output import Column, Item, instant, short
from controller.model.view import measured


def _of(key: str) -> "Column":
    return Column(key.upper().replace("_", " "), lambda item: item.get(key))


def _in_sync(unit: Item) -> str:
    return {"True": "in sync", "False": "drifted"}.get(str(unit["in_sync"]), "unknown")


def age(seconds: float | None) -> str:
    """Write how long ago something was, in its largest unit: `4m`."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{seconds:.0f}s"


def _gates(stage: Item) -> str:
    return ", ".join(f"{gate['gate']} {gate['ruling']}" for gate in stage["gates"])


def _place(finding: Item) -> str:
    return str(finding["place"] or finding["scope"])


def _measured(objective: Item) -> str:
    number = objective["measured"]
    return measured(str(objective["measure"]), number if isinstance(number, int | float) else None)


def _found(secret: Item) -> str:
    """Say what somebody should look at; not having looked is not nothing."""
    if secret.get("looked_at") is None or secret.get("unknown"):
        return "unknown"
    return ", ".join(code.partition("/")[2] for code in secret["findings"])


UNITS = (
    _of("name"),
    _of("ready"),
    Column("DRIFT", _in_sync),
    Column("LOOKED", lambda unit: age(unit.get("drift_age"))),
    Column("COMMIT", lambda unit: short(unit["revision"])),
    _of("suspended"),
    _of("reason"),
    Column("MESSAGE", lambda unit: unit["message"], wraps=True),
)
STAGES = (
    _of("name"),
    _of("health"),
    Column("COMMIT", lambda stage: short(stage["commit"])),
    Column("UNITS", lambda stage: f"{stage['units_ready']}/{stage['units_total']}"),
    Column("DRIFT", lambda stage: len(stage["drift"]) or "in sync"),
    Column("GATES", _gates),
    Column("CANDIDATE", lambda stage: short(stage["candidate"])),
    Column("WAITING FOR", lambda stage: stage["waiting_for"], wraps=True),
)
MOVES = (
    _of("number"),
    Column("AT", lambda move: instant(move["at"])),
    _of("kind"),
    Column("COMMIT", lambda move: short(move["commit"])),
    Column("COMMITS", lambda move: move["commits"]),
    Column("BY", lambda move: move["by"] or "-"),
    Column("BECAUSE", lambda move: move["because"], wraps=True),
)
DECISIONS = (
    _of("stage"),
    _of("number"),
    Column("AT", lambda move: instant(move["at"])),
    _of("kind"),
    Column("COMMIT", lambda move: short(move["commit"])),
    Column("RECORD", lambda move: move["standing"]),
    Column("DECISION", lambda move: move["decision"]),
)
CHECKS = (
    _of("check"),
    Column("OK", lambda check: "unknown" if check["ok"] is None else check["ok"]),
    Column("", lambda check: check["said"], wraps=True),
)
TOPICS = (
    _of("topic"),
    _of("answer"),
    Column("", lambda topic: "; ".join(topic["said"]), wraps=True),
)
TRACED = (
    _of("stage"),
    Column("HAS IT", lambda stage: "yes" if stage["holds"] else "no"),
    Column("COMMIT", lambda stage: short(stage["commit"])),
    Column("", lambda stage: stage["said"], wraps=True),
)
RELEASES = (
    _of("product"),
    Column("COMMIT", lambda release: short(release["commit"])),
    Column("STAGES", lambda release: ", ".join(release["stages"])),
    Column("COMMITTED", lambda release: instant(release["committed_at"])),
    Column("AUTHOR", lambda release: release["author"], wraps=True),
    Column("SUBJECT", lambda release: release["subject"], wraps=True),
)
_SECRET = (
    _of("name"),
    _of("ready"),
    _of("version"),
    _of("generation"),
    _of("phase"),
    Column("AGE", lambda secret: age(secret.get("age"))),
    Column("NEXT STEP", lambda secret: instant(secret["next_step"])),
    Column("FINDINGS", _found, wraps=True),
)
SECRETS = (*_SECRET, Column("MESSAGE", lambda secret: secret["message"], wraps=True))
SECRETS_WIDE = (
    *_SECRET,
    Column("OWNER", lambda secret: secret.get("owner")),
    Column("KIND", lambda secret: secret.get("kind")),
    Column("STORE", lambda secret: secret.get("store")),
    Column("READERS", lambda secret: ", ".join(r["name"] for r in secret.get("readers", ()))),
    Column("COPIES", lambda secret: ", ".join(secret.get("copies", ()))),
    Column("FOUND IN", lambda secret: ", ".join(s["where"] for s in secret.get("sightings", ()))),
    Column("FILE", lambda secret: secret.get("target")),
    Column("MESSAGE", lambda secret: secret["message"], wraps=True),
)
READERS = (
    _of("name"),
    _of("how"),
    Column("GENERATION", lambda reader: reader["generation"] or "unknown"),
)
SIGHTINGS = (_of("place"), _of("where"))
REQUESTS = (
    _of("id"),
    _of("phase"),
    Column("FOR", lambda request: request["who"]),
    Column("WHAT", lambda request: request["target"]),
    Column("ENDS", lambda request: instant(request["ended_at"] or request["ends_at"])),
    Column("REASON", lambda request: request["reason"], wraps=True),
    Column("MESSAGE", lambda request: request["message"], wraps=True),
)
FINDINGS = (
    _of("severity"),
    _of("code"),
    Column("PLACE", _place),
    Column("MESSAGE", lambda finding: finding["message"], wraps=True),
    Column("HINT", lambda finding: finding["hint"], wraps=True),
)
FORECASTS = (
    _of("name"),
    _of("metric"),
    Column("PEAK TODAY /s", lambda each: each["peak_today"]),
    Column("HIGHEST TO COME /s", lambda each: each["peak_ahead"]),
    Column("ON", lambda each: each["peak_on"]),
    Column("CHOSEN", lambda each: each["chosen"], wraps=True),
    Column("rMASE", lambda each: each["rmase"]),
    Column("MADE", lambda each: instant(each["made_at"])),
    Column("PROBLEM", lambda each: each["problem"], wraps=True),
)
PRODUCTS = (
    _of("product"),
    _of("owner"),
    Column("STAGES", lambda p: " → ".join(stage["environment"] for stage in p["stages"])),
    Column("TITLE", lambda product: product["title"], wraps=True),
)
ENVIRONMENTS = (
    _of("environment"),
    Column("STAGES", lambda environment: len(environment["stages"])),
    Column("HEALTHY", lambda environment: environment["healthy"]),
    Column("PRODUCTS", lambda environment: ", ".join(environment["products"]), wraps=True),
)
STATES = (
    _of("serial"),
    Column("AT", lambda state: instant(state["at"])),
    Column("RESOURCES", lambda state: len(state["resources"])),
    Column("DIGEST", lambda state: short(state["digest"])),
    Column("WHY", lambda state: state["why"], wraps=True),
)
EVENTS = (
    Column("AT", lambda event: instant(event["at"])),
    _of("type"),
    _of("reason"),
    _of("subject"),
    Column("MESSAGE", lambda event: event["message"], wraps=True),
)
CONDITIONS = (
    _of("type"),
    _of("status"),
    _of("reason"),
    Column("SINCE", lambda condition: instant(condition["last_transition_time"])),
    Column("MESSAGE", lambda condition: condition["message"], wraps=True),
)
OBJECTIVES = (
    _of("gate"),
    _of("measure"),
    _of("wanted"),
    Column("MEASURED", _measured),
    Column("RULING", lambda objective: objective["ruling"]),
)
ITEMS = (
    _of("check"),
    Column("OK", lambda item: "unknown" if item["ok"] is None else item["ok"]),
    Column("DETAIL", lambda item: item["detail"], wraps=True),
    Column("EVIDENCE", lambda item: item["evidence"]),
)
APPROVALS = (
    _of("by"),
    Column("AT", lambda approval: instant(approval["at"])),
    Column("REASON", lambda approval: approval["reason"], wraps=True),
)


def objectives(gates: Sequence[Item]) -> list[Item]:
    """Give the objectives of gates, each with the name of its gate."""
    return [{**one, "gate": gate["gate"]} for gate in gates for one in gate["objectives"]]
