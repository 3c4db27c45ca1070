"""An interpreter of Rego in a process of its own: `python -I rego_worker.py`.

It imports nothing of ours, so that it starts fast, and has an empty environment, so that
`opa.runtime()` has nothing to tell. One JSON document a line comes in, one goes out: `{"input": …}`
sets what is judged; `{"files": …, "parameters": …, "queries": […]}` gives `{"values": …}` or
`{"problem": …}`; `{"files": …, "calls": […]}` gives `{"faults": […], "unknown": […]}`.
"""

import contextlib
import ctypes
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
FAULT = re.compile(
    r"\(error \d+:[^|]*\|(?P<offset>\d+)\|.*?\(errormsg \d+:(?P<text>[^)]*)", re.DOTALL
)
BARE_QUOTE = re.compile(r"(?P<kept>\\.)|\"", re.DOTALL)
MESSAGE = re.compile(r"\(errormsg \d+:(?P<text>[^)]*)")


def _words(error: str) -> str:
    """Give the message in what the interpreter says."""
    found = MESSAGE.search(error)
    return found["text"].strip() if found else (error.strip() or "it gives no reason")


class _Policies:
    """One interpreter with its modules.

    It goes by the library's lower floor: the upper one takes an error for a result, and crashes.
    """

    def __init__(self, files: dict[str, str]) -> None:
        from regopy import rego_shared

        self._library = rego_shared
        self._own = rego_shared.rego_new()
        rego_shared.rego_set_strict_builtin_errors(self._own, enabled=True)
        for path in sorted(files):
            rego_shared.rego_add_module(self._own, path, files[path])

    def __del__(self) -> None:
        self._library.rego_free(self._own)

    def know(self, parameters: dict[str, Any]) -> None:
        self._library.rego_add_data_json(self._own, json.dumps({"parameters": parameters}))

    def judge(self, judged: Any) -> None:
        self._library.rego_set_input(self._own, judged)

    def is_builtin(self, name: str) -> bool:
        return bool(self._library.rego_is_available_builtin(self._own, name))

    def ask(self, query: str) -> Any:
        """Give the value of a query; None when it is undefined. Raises ValueError."""
        output = self._library.rego_query(self._own, query)
        if not output:
            raise ValueError(_words(self._library.rego_get_error(self._own)))
        try:
            if not self._library.rego_output_ok(output):
                raise ValueError("a built-in function failed, or two rules disagree")
            text = self._library.rego_output_string(output)
            if text == "undefined":
                return None
            if text.lstrip().startswith("(error"):
                raise ValueError(_words(text))
            expressions = self._library.rego_output_expressions_at_index(output, 0)
            return self._read(self._library.rego_node_get(expressions, 0))
        finally:
            self._library.rego_free_output(output)

    def _read(self, node: Any) -> Any:
        """Turn a node into a value, sets into lists, keys into texts.

        Not by the library's JSON: texts with quotes that a policy puts together break it.
        """
        library, kind = self._library, self._library.rego_node_type(node)
        kinds = library.NodeKind
        inside = [library.rego_node_get(node, n) for n in range(library.rego_node_size(node))]
        if kind in {kinds.Term, kinds.Scalar}:
            return self._read(inside[0])
        if kind in {kinds.Array, kinds.Set}:
            return [self._read(each) for each in inside]
        if kind == kinds.Object:
            pairs = [[library.rego_node_get(item, side) for side in (0, 1)] for item in inside]
            return {self._key(key): self._read(value) for key, value in pairs}
        text = library.rego_node_value(node)
        return _plain(text) if kind == kinds.String else json.loads(text)

    def _key(self, node: Any) -> str:
        """Give a key: a bare text, or JSON."""
        library = self._library
        while library.rego_node_type(node) in {library.NodeKind.Term, library.NodeKind.Scalar}:
            node = library.rego_node_get(node, 0)
        if library.rego_node_type(node) == library.NodeKind.String:
            return str(library.rego_node_value(node))
        return json.dumps(self._read(node))


def _plain(text: str) -> str:
    """Read a text as it stands between quotes.

    Quotes that are its own are escaped; bare ones are left from the library putting it together.
    """
    text = BARE_QUOTE.sub(lambda found: found["kept"] or "", text)
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def _check(files: dict[str, str], calls: list[str]) -> dict[str, Any]:
    from regopy import RegoError

    faults, policies = [], _Policies({})
    for path in sorted(files):
        try:
            _Policies({path: files[path]})
        except RegoError as error:
            text = str(error)
            found = list(FAULT.finditer(text))
            # What encloses the fault is told last, and of an unclosed bracket all that is open.
            if found:
                at = int(found[0]["offset"])
                # The interpreter counts bytes.
                offset = len(files[path].encode()[:at].decode(errors="replace"))
                faults.append([path, offset, found[0]["text"].strip()])
            else:
                faults.append([path, 0, _words(text)])
    return {"faults": faults, "unknown": [name for name in calls if not policies.is_builtin(name)]}


def _evaluate(request: dict[str, Any], judged: Any) -> dict[str, Any]:
    from regopy import RegoError

    try:
        policies = _Policies(request["files"])
        policies.know(request["parameters"])
        policies.judge(judged)
        return {"values": {query: policies.ask(query) for query in request["queries"]}}
    except RegoError as error:
        return {"problem": _words(str(error))}
    except (ValueError, MemoryError) as error:
        return {"problem": str(error) or type(error).__name__}


def _escaped(value: Any) -> Any:
    """Write every text as it would stand between quotes.

    So the library keeps the texts of its own source: a raw `"` would equal no literal, and come out
    of it as JSON that nobody can read. Its own way to read JSON does the same, ten times slower.
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)[1:-1]
    if isinstance(value, dict):
        return {_escaped(key): _escaped(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_escaped(each) for each in value]
    return value


def _be_expendable() -> None:
    """End with the parent, and be the first to go when memory runs out.

    A limit of our own would do for the latter, but the library's allocator does not start in one.
    """
    with contextlib.suppress(OSError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def main() -> None:
    """Answer until stdin ends."""
    _be_expendable()
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # the library talks
    judged: Any = None
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "input" in request:
            from regopy import rego_shared

            judged = rego_shared.rego_input_from_value(_escaped(request["input"]))
            answer: dict[str, Any] = {"ready": True}
        elif "calls" in request:
            answer = _check(request["files"], request["calls"])
        else:
            answer = _evaluate(request, judged)
        channel.write(json.dumps(answer).encode() + b"\n")
        channel.flush()


if __name__ == "__main__":
    main()
