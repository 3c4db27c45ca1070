"""Which controller is asked, and what is said when there is none."""

import hashlib
import json

import httpx
import pytest

from controller.cli.main import main
from controller.cli.surroundings import Surroundings


class Recording(httpx.BaseTransport):
    def __init__(self, answer=None):
        self.seen = []
        self.answer = answer or (lambda _: httpx.Response(200, json=[]))

    def handle_request(self, request):
        self.seen.append(request)
        return self.answer(request)


def refuse(_request):
    raise httpx.ConnectError("refused")


def test_no_controller_in_this_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["get", "units"]) == 1
    assert "start one with `trueup serve`" in capsys.readouterr().err


def test_a_controller_that_does_not_answer(folder, capsys):
    assert main(["get", "units"], Surroundings(Recording(refuse))) == 1
    told = capsys.readouterr().err
    assert "no controller answers at http://127.0.0.1:8080" in told
    assert "hint: start it with `trueup serve`" in told


def test_a_controller_that_is_too_slow(folder, capsys):
    def late(_request):
        raise httpx.ReadTimeout("late")

    assert main(["get", "units"], Surroundings(Recording(late))) == 75


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<html>"), httpx.Response(404, text="nginx")]
)
def test_something_else_answers(folder, capsys, answer):
    assert main(["get", "units"], Surroundings(Recording(lambda _: answer))) == 1
    assert "no Trueup controller" in capsys.readouterr().err


def test_the_token_of_the_data_folder_is_sent(folder):
    seen = Recording()
    assert main(["get", "units"], Surroundings(seen)) == 0
    assert seen.seen[0].headers["authorization"] == "Bearer ada-token"


def test_the_settings_file_names_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "kept"
    data.mkdir()
    (data / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:9999"}))
    (data / "token").write_text("other-token")
    (tmp_path / "trueup.yaml").write_text(f"data: {data}\nrepository: {{url: /r.git}}\n")
    seen = Recording()
    assert main(["get", "units"], Surroundings(seen)) == 0
    assert str(seen.seen[0].url) == "http://127.0.0.1:9999/api/units"
    assert seen.seen[0].headers["authorization"] == "Bearer other-token"


def test_settings_that_cannot_be_used_are_said_without_their_values(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    digest = hashlib.sha256(b"x").hexdigest()
    (tmp_path / "trueup.yaml").write_text(f"data: kept\nusers: {digest}\n")
    assert main(["get", "units"]) == 1
    told = capsys.readouterr().err
    assert "error[settings/wrong]" in told
    assert "repository" in told
    assert digest not in told


def test_the_local_token_is_not_sent_to_another_machine(folder, capsys):
    seen = Recording()
    code = main(["get", "units", "--server", "https://trueup.example"], Surroundings(seen))
    assert code == 1
    assert seen.seen == []
    assert "--token-file" in capsys.readouterr().err


def test_a_token_that_travels_in_clear_is_warned_of(folder, capsys):
    words = ["get", "units", "--server", "http://trueup.example", "--token-file", ".trueup/token"]
    assert main(words, Surroundings(Recording())) == 0
    assert "in clear" in capsys.readouterr().err


def test_an_address_that_is_none(folder):
    words = ["get", "units", "--token-file", ".trueup/token", "--server"]
    assert main([*words, "not an address"], Surroundings(Recording())) == 1
    assert main([*words, "http://[::1"], Surroundings(Recording())) == 1


@pytest.mark.parametrize("content", ["", "two\nlines", "t\u00f6ken", "\x00"])
def test_a_token_file_without_a_token(folder, capsys, content):
    (folder / ".trueup" / "token").write_text(content)
    assert main(["get", "units"], Surroundings(Recording())) == 1
    assert "error[cli/no-token]" in capsys.readouterr().err
