"""Errors survive a round trip; secrets never make one."""

import copy
import json
import pickle

import pytest

from controller.diagnostics import errors
from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.secret import SecretText
from controller.diagnostics.span import Span


def all_errors() -> list[type[errors.TrueupError]]:
    found = [errors.TrueupError]
    for each in found:
        found.extend(each.__subclasses__())
    return [each for each in found if each.__module__ == errors.__name__]


@pytest.mark.parametrize("error", all_errors())
def test_every_error_can_be_stored_and_read_back(error: type[errors.TrueupError]) -> None:
    raised = error((Diagnostic("x/y", "m", Span("f", 1, 2, 3, 4), hint="h"),))
    again = pickle.loads(pickle.dumps(raised))
    assert type(again) is error
    assert again.diagnostics == raised.diagnostics
    assert str(again) == "f:1:2: m"


@pytest.mark.parametrize("error", all_errors())
def test_an_error_from_a_message_has_the_code_of_its_class(
    error: type[errors.TrueupError],
) -> None:
    (found,) = error.because("it is so", hint="change it").diagnostics
    assert (found.code, found.message, found.hint) == (error.code, "it is so", "change it")
    assert error.because("x", code="a/b").diagnostics[0].code == "a/b"
    assert error.because("x").reason == error.__name__


def test_a_secret_is_shown_in_no_way() -> None:
    secret = SecretText("hunter2")
    for text in (str(secret), repr(secret), f"{secret}", f"{secret:>20}", f"{secret}"):
        assert "hunter2" not in text
    for store in (pickle.dumps, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            store(secret)
    assert secret.reveal() == "hunter2"
    assert secret == SecretText("hunter2") != SecretText("x")
    assert hash(secret) == hash(SecretText("hunter2"))
    assert bool(secret)
    assert not SecretText("")
