"""`python -m controller.localcloud`: the console of the local cloud, for people."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from controller.localcloud.client import ROOT_VARIABLE, Cloud, Status
from controller.localcloud.errors import CloudError
from controller.localcloud.names import KINDS, Kind, checked_kind

_REFUSED = 1
_TEXT_KEYS = ("environment.", "settings.", "labels.")


def find_thing(cloud: Cloud, text: str) -> tuple[Kind, str]:
    """Give kind and name of what is meant by `name` or `kind/name`; raises `CloudError`."""
    kind, slash, name = text.partition("/")
    if slash:
        return checked_kind(kind), name
    found = [each for each in cloud.list() if each["name"] == text]
    if len(found) == 1:
        return checked_kind(found[0]["kind"]), text
    if not found:
        raise CloudError(f"there is nothing called `{text}`", hint="`list` shows what there is")
    words = ", ".join(f"`{each['kind']}/{text}`" for each in found)
    raise CloudError(f"`{text}` may be {words}", hint="say the kind too")


def parse_change(text: str) -> tuple[str, Any]:
    """Read `key=value`; the value is JSON where it can be, and text in maps of texts."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise CloudError(f"`{text}` is no change; expected `key=value`")
    if key.startswith(_TEXT_KEYS):
        return key, value
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _show_list(statuses: list[Status]) -> None:
    rows = [("KIND", "NAME", "OWNER", "RUNNING", "PORT", "PIDS", "SINCE", "PROBLEM")]
    for each in statuses:
        running = f"{each['running']}/{each['replicas']}" if each["kind"] != "bucket" else "-"
        pids = ",".join(map(str, each["pids"])) or "-"
        port = str(each["port"] or "-")
        owner, since = str(each["owner"] or "-"), each["since"] or "-"
        problem = each["problem"].partition("\n")[0] or "-"
        rows.append((each["kind"], each["name"], owner, running, port, pids, since, problem))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def _list(cloud: Cloud, options: argparse.Namespace) -> None:
    statuses = cloud.list()
    if options.json:
        sys.stdout.write(json.dumps(statuses, indent=2) + "\n")
    else:
        _show_list(statuses)


def _kill(cloud: Cloud, options: argparse.Namespace) -> None:
    pids = cloud.kill(*find_thing(cloud, options.name))
    sys.stdout.write(f"killed {', '.join(map(str, pids)) or 'nothing: no process'}\n")


def _edit(cloud: Cloud, options: argparse.Namespace) -> None:
    changes = dict(map(parse_change, options.changes))
    status = cloud.edit(*find_thing(cloud, options.name), changes)
    sys.stdout.write(f"changed {', '.join(changes)} of {status['kind']}/{status['name']}\n")


def _restart(cloud: Cloud, options: argparse.Namespace) -> None:
    status = cloud.restart(*find_thing(cloud, options.name))
    sys.stdout.write(f"restarted {status['kind']}/{status['name']}\n")


def _remove(cloud: Cloud, options: argparse.Namespace) -> None:
    kind, name = find_thing(cloud, options.name)
    cloud.remove(kind, name)
    sys.stdout.write(f"removed {kind}/{name}\n")


def _logs(cloud: Cloud, options: argparse.Namespace) -> None:
    text = cloud.logs(*find_thing(cloud, options.name), lines=options.lines)
    sys.stdout.write(text + "\n" if text else "")


def _stop_all(cloud: Cloud, _options: argparse.Namespace) -> None:
    sys.stdout.write("".join(f"stopped {name}\n" for name in cloud.stop_all()))


def _resume(cloud: Cloud, _options: argparse.Namespace) -> None:
    sys.stdout.write("".join(f"started {name}\n" for name in cloud.resume()))


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--root", default=os.environ.get(ROOT_VARIABLE), help=f"its folder, or ${ROOT_VARIABLE}"
    )
    parser = argparse.ArgumentParser(prog="python -m controller.localcloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(
        name: str, act: Callable[[Cloud, argparse.Namespace], None], text: str, *, named: bool
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[shared], help=text)
        command.set_defaults(act=act)
        if named:
            kinds = ", ".join(KINDS)
            command.add_argument("name", help=f"its name, or kind/name; kinds: {kinds}")
        return command

    add("list", _list, "what there is", named=False).add_argument("--json", action="store_true")
    add("kill", _kill, "kill its processes, as a crash would", named=True)
    edit = add("edit", _edit, "change it past Terraform, as an operator would", named=True)
    edit.add_argument("changes", nargs="+", metavar="key=value")
    add("restart", _restart, "take its configuration file, with new processes", named=True)
    add("remove", _remove, "remove it with its data", named=True)
    show = add("logs", _logs, "the end of what it wrote", named=True)
    show.add_argument("--lines", type=int, default=100)
    add("stop-all", _stop_all, "stop every process and the daemon", named=False)
    add("resume", _resume, "start what `stop-all` has stopped", named=False)
    return parser


def _cloud(root: str | None) -> Cloud:
    if not root:
        raise CloudError("no root was given", hint=f"use --root, or set ${ROOT_VARIABLE}")
    return Cloud(root)


def main(arguments: list[str] | None = None) -> int:
    """Do what was typed; give the exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.act(_cloud(options.root), options)
    except CloudError as error:
        hint = f"hint: {error.hint}\n" if error.hint else ""
        sys.stderr.write(f"error: {error.message}\n{hint}")
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
