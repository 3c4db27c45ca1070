"""Every value that a ledger keeps is read back as it was."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.ledger._values import from_json, to_json
from controller.diagnostics.diagnostic import Diagnostic
from controller.model.decision import Approval, Decision
from controller.model.event import Event
from controller.model.measurement import GateRuling, Measurement, ObjectiveResult
from controller.model.outcome import Outcome
from controller.model.release import Pointer, Release
from controller.model.status import JournalStep, Run, SecretStatus, StageStatus, UnitStatus

TEXT = st.text(max_size=20)
WHOLE = st.integers(-(2**53), 2**53)
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OUTCOME = st.builds(Outcome, outputs=st.dictionaries(TEXT, JSON, max_size=3), serial=WHOLE)
VALUES: dict[type, st.SearchStrategy[object]] = {
    UnitStatus: st.builds(UnitStatus, outcome=st.none() | OUTCOME),
    **{
        kind: st.builds(kind)
        for kind in (
            StageStatus,
            SecretStatus,
            JournalStep,
            Run,
            Event,
            Release,
            Pointer,
            Approval,
            Decision,
            Diagnostic,
            Measurement,
        )
    },
}

st.register_type_strategy(
    datetime,
    st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
)
st.register_type_strategy(float, st.floats(allow_nan=False))
st.register_type_strategy(
    Mapping, lambda kind: st.dictionaries(*map(st.from_type, get_args(kind)), max_size=3)
)


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_value_is_read_back_as_it_was(kind: type[object], data: st.DataObject):
    value = data.draw(VALUES[kind])
    text = to_json(kind, value)
    assert from_json(kind, text) == value
    assert to_json(kind, from_json(kind, text)) == text


def test_what_was_not_measured_stays_not_a_number():
    value = ObjectiveResult("p95", "< 1", math.nan, GateRuling.UNKNOWN, "too few")
    read = from_json(ObjectiveResult, to_json(ObjectiveResult, value))
    assert read.measured is not None
    assert math.isnan(read.measured)
