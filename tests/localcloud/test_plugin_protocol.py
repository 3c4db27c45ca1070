"""The protocol's rules, asked of the server in this process with a small resource type."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgpack
import pytest

from controller.localcloud.plugin import planning, values, wire
from controller.localcloud.plugin.resource import Problem, ProblemsFoundError, Request
from controller.localcloud.plugin.schema import (
    NUMBER,
    STRING,
    STRING_MAP,
    Attribute,
    Schema,
    plain_number,
)
from controller.localcloud.plugin.server import ProviderServer
from controller.localcloud.plugin.values import UNKNOWN

ERROR = 1
SCHEMA = Schema(
    attributes=(
        Attribute("name", required=True, force_new=True),
        Attribute("size", NUMBER, default=1),
        Attribute("tags", STRING_MAP, default={}),
        Attribute("id", computed=True, keep=True),
        Attribute("status", computed=True),
        Attribute("token", STRING, optional=True, computed=True, keep=True, sensitive=True),
    ),
    version=2,
)


class Toy:
    """A resource type with every kind of bad day."""

    type_name = "toy"
    schema = SCHEMA

    def __init__(self) -> None:
        self.barrier = threading.Barrier(8, timeout=60)

    def plan(self, request: Request, prior: Any, planned: Any) -> None:
        if planned["name"] == "warn":
            request.warnings.append(Problem("careful", path=("name",), is_warning=True))

    def plan_destroy(self, request: Request, prior: Any) -> None:
        if prior["name"] == "kept":
            raise ProblemsFoundError([Problem("it is kept", path=("name",))])

    def create(self, request: Request, planned: Any) -> Any:
        request.private["made"] = True
        state = {**planned, "id": "1", "status": "up", "token": planned["token"] or "t"}
        if planned["name"] == "half":
            raise ProblemsFoundError(
                [Problem("only half of it was made")], {**state, "status": None}
            )
        if planned["name"] == "boom":
            raise ValueError("boom")
        if planned["name"] == "together":
            self.barrier.wait()
        return {key: each if each is not UNKNOWN else "x" for key, each in state.items()}

    def read(self, request: Request, state: Any) -> Any:
        return None if state["name"] == "gone" else {**state, "size": 7 + len(request.private)}

    def update(self, request: Request, prior: Any, planned: Any) -> Any:
        raise ProblemsFoundError([Problem("no update today", path=("size",))])

    def delete(self, request: Request, prior: Any) -> None:
        raise ProblemsFoundError([Problem("it will not go")])

    def imported(self, request: Request, identifier: str) -> Any:
        return {"name": identifier}

    def upgraded(self, version: int, state: Any) -> Any:
        return {**state, "size": state.pop("length")} if version < 2 else state


class ToyProvider:
    schema = Schema(attributes=())

    def __init__(self) -> None:
        self.resources = (Toy(),)
        self.data_sources = ()

    def configure(self, config: Any) -> Any:
        return None


@pytest.fixture
def server() -> ProviderServer:
    return ProviderServer(ToyProvider())


def dynamic(**known: Any) -> Any:
    return values.encode({**dict.fromkeys(SCHEMA.by_name), **known})


def call(server: ProviderServer, method: str, **fields: Any) -> Any:
    request_name = wire.PROVIDER_METHODS[method][0]
    return server.method(method)(wire.make(request_name, type_name="toy", **fields))


def plan(server: ProviderServer, prior: Any = None, **config: Any) -> Any:
    proposed = {**(prior or {}), **config}
    return call(
        server,
        "PlanResourceChange",
        prior_state=values.encode(
            None if prior is None else {**dict.fromkeys(SCHEMA.by_name), **prior}
        ),
        proposed_new_state=dynamic(**proposed),
        config=dynamic(**config),
    )


def create(server: ProviderServer, **planned: Any) -> Any:
    full = {"size": 1, "tags": {}, "id": UNKNOWN, "status": UNKNOWN, "token": None, **planned}
    return call(
        server,
        "ApplyResourceChange",
        prior_state=values.encode(None),
        planned_state=dynamic(**full),
        config=dynamic(**planned),
    )


def summaries(response: Any) -> list[tuple[int, str]]:
    return [(each.severity, each.summary) for each in response.diagnostics]


PRIOR = {"name": "a", "size": 5, "tags": {}, "id": "1", "status": "up", "token": "t"}


def test_a_new_object_has_defaults_and_unknowns(server: ProviderServer) -> None:
    planned = values.decode(plan(server, name="a").planned_state)
    unknown = dict.fromkeys(("id", "status", "token"), UNKNOWN)
    assert planned == {"name": "a", "size": 1, "tags": {}, **unknown}


def test_a_removed_argument_gives_the_default_and_keeps_what_is_kept(
    server: ProviderServer,
) -> None:
    response = plan(server, PRIOR, name="a")
    assert values.decode(response.planned_state) == {**PRIOR, "size": 1, "status": UNKNOWN}
    assert not response.requires_replace


def test_no_change_means_nothing_unknown(server: ProviderServer) -> None:
    assert values.decode(plan(server, PRIOR, name="a", size=5).planned_state) == PRIOR


def test_a_new_name_needs_a_new_object(server: ProviderServer) -> None:
    (path,) = plan(server, PRIOR, name="b", size=5).requires_replace
    assert [step.attribute_name for step in path.steps] == ["name"]


def test_a_destroy_and_a_replace_can_be_refused_in_the_plan(server: ProviderServer) -> None:
    kept = {**PRIOR, "name": "kept"}
    assert summaries(plan(server, kept, name="other")) == [(ERROR, "it is kept")]
    response = call(
        server,
        "PlanResourceChange",
        prior_state=dynamic(**kept),
        proposed_new_state=values.encode(None),
    )
    assert summaries(response) == [(ERROR, "it is kept")]


def test_a_warning_does_not_stop_a_plan(server: ProviderServer) -> None:
    response = plan(server, name="warn")
    assert summaries(response) == [(2, "careful")]
    assert values.decode(response.planned_state)["name"] == "warn"


def test_what_was_half_made_is_in_the_state(server: ProviderServer) -> None:
    response = create(server, name="half")
    assert summaries(response) == [(ERROR, "only half of it was made")]
    assert values.decode(response.new_state)["id"] == "1"


def test_an_exception_is_a_diagnostic_with_its_place(server: ProviderServer) -> None:
    response = create(server, name="boom")
    ((_severity, summary),) = summaries(response)
    assert summary == "the provider failed: ValueError: boom"
    assert "in create" in response.diagnostics[0].detail
    assert values.decode(response.new_state) is None


def test_a_failed_update_and_delete_leave_the_state(server: ProviderServer) -> None:
    for planned in (dynamic(**{**PRIOR, "size": 6}), values.encode(None)):
        response = call(
            server, "ApplyResourceChange", prior_state=dynamic(**PRIOR), planned_state=planned
        )
        assert summaries(response)[0][0] == ERROR
        assert values.decode(response.new_state) == PRIOR


def test_private_notes_come_back(server: ProviderServer) -> None:
    made = create(server, name="a")
    assert json.loads(made.private) == {"made": True}
    read = call(server, "ReadResource", current_state=made.new_state, private=made.private)
    assert values.decode(read.new_state)["size"] == 8
    assert read.private == made.private


def test_what_is_gone_is_null(server: ProviderServer) -> None:
    response = call(server, "ReadResource", current_state=dynamic(**{**PRIOR, "name": "gone"}))
    assert values.decode(response.new_state) is None


def test_an_old_state_is_brought_up_to_date(server: ProviderServer) -> None:
    raw = wire.make("RawState", json=json.dumps({"name": "a", "length": 3, "odd": 1}).encode())
    response = call(server, "UpgradeResourceState", version=1, raw_state=raw)
    state = values.decode(response.upgraded_state)
    assert state == {**dict.fromkeys(SCHEMA.by_name), "name": "a", "size": 3}


def test_eight_calls_at_once_are_served_at_once(server: ProviderServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: create(server, name="together"), range(8)))
    assert [summaries(each) for each in made] == [[]] * 8


@pytest.mark.parametrize("code", [0, 12])
def test_refined_unknowns_are_unknown(code: int) -> None:
    packed = msgpack.packb({"tags": msgpack.ExtType(code, b"\x81\x01\xc2")})
    assert values.decode(wire.make("DynamicValue", msgpack=packed)) == {"tags": UNKNOWN}
    assert not values.is_known({"a": [UNKNOWN]})


@pytest.mark.parametrize(
    ("given", "plain"), [(3.0, 3), ("9007199254740993", 9007199254740993), ("0.5", 0.5), (2, 2)]
)
def test_numbers_are_plain(given: Any, plain: float) -> None:
    assert plain_number(given) == plain
    assert type(plain_number(given)) is type(plain)


def test_a_number_beyond_64_bits_goes_there_and_back() -> None:
    great = {"least": -(2**63), "most": 2**64 - 1, "more": 10**30, "less": -(10**30)}
    sent = values.decode(values.encode(great))
    assert {name: plain_number(number) for name, number in sent.items()} == great


def test_what_a_user_may_not_set_is_told_with_its_path() -> None:
    found = list(planning.problems(SCHEMA, {"name": "a", "status": "up"}))
    assert [path for path, _text in found] == [("status",)]


def test_a_class_cannot_be_sent() -> None:
    with pytest.raises(TypeError, match="cannot send a set"):
        values.encode({1})
