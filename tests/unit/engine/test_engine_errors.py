import json

import pytest

from controller.adapters.engine._errors import make_error, needs_init, needs_upgrade, read_words
from controller.adapters.engine._lock_error import read_holder
from controller.adapters.engine._runner import Command, Finished
from controller.diagnostics.errors import (
    EngineFailed,
    EngineRefused,
    PlanStale,
    StateLocked,
    TrueupError,
)
from controller.ports.engine import EngineVersion, LockHolder

VERSION = EngineVersion("terraform", "1.11.4")
LOCKED = """Error message: resource temporarily unavailable
Lock Info:
  ID:        34a0baad-e8ff
  Path:      terraform.tfstate
  Operation: OperationTypeApply
  Who:       root@vm
  Version:   1.11.4
  Created:   2026-11-23 16:00:25.225999771 +0000 UTC
  Info:      


Terraform acquires a state lock to protect the state from being written
by multiple users at the same time."""  # noqa: W291 — as Terraform writes it


def event(summary: str, detail: str = "", **more: object) -> str:
    diagnostic = {"severity": "error", "summary": summary, "detail": detail, **more}
    return json.dumps({"type": "diagnostic", "diagnostic": diagnostic})


def failed(operation: str, *lines: str, errors: str = "") -> TrueupError:
    finished = Finished(1, "\n".join(['{"type":"version"}', *lines]), errors)
    return make_error(VERSION, operation, finished)


def test_a_refused_lock_names_its_holder() -> None:
    error = failed("plan", event("Error acquiring the state lock", LOCKED))
    assert type(error) is StateLocked
    assert "root@vm" in str(error)
    assert "34a0baad-e8ff" in str(error)


def test_a_lock_without_a_holder_is_quoted() -> None:
    error = failed("plan", event("Error acquiring the state lock", "connection lost"))
    assert type(error) is StateLocked
    assert "connection lost" in str(error)


def test_a_lock_that_a_full_disk_refuses_is_no_lock_of_somebody() -> None:
    words = "Error message: could not write lock info for x: write y: no space left on device"
    error = failed("plan", event("Error acquiring the state lock", words))
    assert type(error) is EngineFailed
    assert "no space left" in str(error)


def test_a_state_that_cannot_be_read_is_no_lock_of_somebody() -> None:
    words = 'Error message: Invalid state file format: The field "serial" has invalid value'
    error = failed("plan", event("Error acquiring the state lock", words))
    assert type(error) is EngineFailed
    assert error.diagnostics[0].code == "engine/state-unreadable"
    assert "trueup state history" in str(error.diagnostics[0].hint)


def test_the_holder_is_read_from_text_with_a_frame() -> None:
    framed = "\n".join(f"│ {line}" for line in LOCKED.splitlines())
    expected = LockHolder(
        "34a0baad-e8ff", "root@vm", "OperationTypeApply", "2026-11-23 16:00:25.225999771 +0000 UTC"
    )
    assert read_holder(framed) == read_holder(LOCKED) == expected
    assert read_holder("nothing") is None


@pytest.mark.parametrize(
    ("operation", "summary", "error"),
    [
        ("apply", "Saved plan is stale", PlanStale),
        ("apply", 'Failed to load "trueup.tfplan" as a plan file', PlanStale),
        ("apply", "Invalid value for variable", EngineFailed),
        ("plan", "Invalid value for variable", EngineRefused),
        ("plan", "Reference to undeclared resource", EngineRefused),
        ("plan", "Plugin did not respond", EngineFailed),
        ("plan", "reading EC2 VPC: timeout", EngineFailed),
        ("init", "Failed to query available provider packages", EngineFailed),
        ("init", "Failed to resolve provider packages", EngineRefused),
        ("validate", "Anything at all", EngineRefused),
        ("import", "Resource already managed by Terraform", EngineRefused),
    ],
)
def test_the_class_says_what_happens_next(
    operation: str, summary: str, error: type[TrueupError]
) -> None:
    assert type(failed(operation, event(summary))) is error


def test_one_error_of_the_world_among_others_is_tried_again() -> None:
    error = failed("plan", event("Invalid value"), event("Plugin did not respond"))
    assert type(error) is EngineFailed
    assert len(error.diagnostics) == 2


def test_the_engine_is_quoted_with_the_place_but_without_values() -> None:
    line = event(
        "Unsupported argument",
        "An argument named `x` is not expected here.\nDid you mean `y`?",
        address="module.app.a.b",
        range={"filename": "main.tf.json", "start": {"line": 3, "column": 5}},
        snippet={
            "context": "module.app",
            "code": "canary",
            "values": [{"traversal": "var.t", "statement": "is canary"}],
        },
    )
    assert str(failed("plan", line)) == (
        "terraform 1.11.4 refused `plan`: Unsupported argument\n"
        "  | An argument named `x` is not expected here.\n"
        "  | Did you mean `y`?\n"
        "  | with module.app.a.b, at main.tf.json:3:5, in module.app"
    )


def test_errors_in_plain_text_are_found_in_their_frame() -> None:
    text = "╷\n│ Error: Invalid thing\n│ \n│ It is wrong.\n╵\n╷\n│ Error: Missing thing\n╵\n"
    error = failed("import", errors=text)
    assert type(error) is EngineRefused
    assert [diagnostic.message.splitlines()[0] for diagnostic in error.diagnostics] == [
        "terraform 1.11.4 refused `import`: Invalid thing",
        "terraform 1.11.4 refused `import`: Missing thing",
    ]


def test_text_without_a_mark_is_quoted_whole() -> None:
    error = failed("import", errors="something odd\nhappened\n")
    assert "something odd\n  | happened" in str(error)


def test_a_failure_without_words_tells_its_code() -> None:
    error = make_error(VERSION, "plan", Finished(3, "", ""))
    assert type(error) is EngineFailed
    assert "code 3" in str(error)


def test_warnings_and_broken_lines_are_no_errors() -> None:
    warning = json.dumps({"type": "diagnostic", "diagnostic": {"severity": "warning"}})
    assert read_words(Finished(1, f"{warning}\n{{broken\n", "")) == read_words(
        Finished(1, f"{warning}\n{{broken\n", "")
    )
    assert all(word.summary != "" for word in read_words(Finished(1, event("A"), "")))


def test_it_is_noticed_that_init_has_to_run_again() -> None:
    finished = Finished(1, event("Required plugins are not installed"), "")
    assert needs_init(finished)
    assert not needs_init(Finished(1, event("Unsupported argument"), ""))


def test_a_refusal_is_found_wherever_its_lines_are_broken() -> None:
    text = "│ Error: Failed to query available provider packages\n│ \n│ locked x does\n│ "
    text += "not match configured version constraint; must use terraform init\n│ -upgrade to allow"
    assert needs_upgrade(Finished(1, "", text))
    assert not needs_upgrade(Finished(0, "", text))
    assert type(failed("init", errors=text)) is EngineRefused


def test_the_output_of_a_command_is_not_printed() -> None:
    assert "canary" not in repr(Finished(0, "canary", "canary"))


def test_a_command_is_written_out() -> None:
    command = Command("state push", {"input": "false", "json": True}, ("file",))
    assert command.vector() == ["state", "push", "-input=false", "-json", "file"]
