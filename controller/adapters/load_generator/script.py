"""Somebody's Locust file: what is taken of it, and what is refused, with the reason for its author.

Nothing of this may be imported by the controller's own process: locust patches the interpreter.
"""

import logging
import time
import traceback
from contextlib import redirect_stderr
from io import StringIO
from typing import Any, cast

CLOCKS = {name: getattr(time, name) for name in ("monotonic", "perf_counter", "time")}
"""As they are before a script is imported: what it measures by is not for it to replace."""
HANDLER_BROKE = "Uncaught exception in event handler"


class ScriptRefusedError(Exception):
    """The script cannot be used; the text says why, for its author."""


def new_environment() -> Any:
    """Give an environment with the events that scripts listen to.

    What FastHttpUser speaks through asks again by itself when a connection breaks under a request,
    and a reset that a customer meets would not be seen. One that an idle server has closed it
    notices before it asks.
    """
    import locust
    from geventhttpclient import client
    from locust.env import Environment

    client.IDEMPOTENT_METHODS = frozenset()
    return Environment(events=locust.events)


def load_users(path: str) -> list[Any]:
    """Import the script and give its user classes; raises ScriptRefusedError."""
    from locust.util.load_locustfile import load_locustfile

    try:
        classes, shapes = load_locustfile(path)
    except (Exception, SystemExit) as error:
        lines = traceback.format_exc(limit=-3).strip().splitlines()
        text = "\n".join(lines[-12:])
        raise ScriptRefusedError(f"the script cannot be imported:\n{text}") from error
    if not classes:
        raise ScriptRefusedError(
            "the script has no user class (a subclass of FastHttpUser or User)"
        )
    if shapes:
        raise ScriptRefusedError(
            f"the script has the LoadTestShape `{type(shapes[0]).__name__}`, and the load is that"
            " of the document: say it there in `stages` or `profile`, and take the class out"
        )
    return list(classes.values())


def choose(classes: list[Any], mix: dict[str, float]) -> list[Any]:
    """Take the classes of a mix, with its weights; all of them without one."""
    if not mix:
        return classes
    names = {c.__name__ for c in classes}
    if unknown := sorted(set(mix) - names):
        raise ScriptRefusedError(
            f"`mix` names {', '.join(unknown)}; the script has {', '.join(sorted(names))}"
        )
    chosen = [c for c in classes if mix.get(c.__name__, 0) > 0]
    for user_class in chosen:
        user_class.weight, user_class.fixed_count = mix[user_class.__name__], 0
    return chosen


def share_out(classes: list[Any], users: int) -> list[str]:
    """Say of which class each user is: fixed counts first, then by weight, evenly mixed."""
    names = [c.__name__ for c in classes for _ in range(c.fixed_count)][:users]
    weighted = [c for c in classes if not c.fixed_count and c.weight > 0]
    given = dict.fromkeys((c.__name__ for c in weighted), 0)
    while len(names) < users and weighted:
        least = min(weighted, key=lambda c: (given[c.__name__] + 1) / c.weight)
        given[least.__name__] += 1
        names.append(least.__name__)
    return names


def read_options(classes: list[Any], target: str) -> Any:
    """Read Locust's options and the script's own from their defaults and the environment.

    Tasks that LOCUST_TAGS and LOCUST_EXCLUDE_TAGS leave out are taken away.
    """
    from locust.argument_parser import get_parser
    from locust.user.task import filter_tasks_by_tags

    said = StringIO()
    try:
        with redirect_stderr(said):
            options = get_parser().parse_args([])
    except SystemExit as error:
        wanted = said.getvalue().strip().splitlines()[-1:] or ["it does not say which"]
        raise ScriptRefusedError(
            f"the script wants arguments that it was not given ({wanted[0]}):"
            " give them defaults, or an `env_var` that stands in the document's `env`"
        ) from error
    options.host, options.headless = target, True
    tags, excluded = (
        set(found) if found else None for found in (options.tags, options.exclude_tags)
    )
    if tags or excluded:
        for user_class in classes:
            filter_tasks_by_tags(user_class, tags, excluded)
            if not user_class.tasks:
                raise ScriptRefusedError(f"the tags leave `{user_class.__name__}` without a task")
    return options


def pace(classes: list[Any], rate: float) -> None:
    """Give those that say nothing of their pace the one that is wanted: tasks a second."""
    from locust import User, constant_throughput

    for user_class in classes:
        says = any(hasattr(user_class, name) and getattr(user_class, name) for name in _OLD_PACES)
        if user_class.wait_time is User.wait_time and not says:
            user_class.wait_time = constant_throughput(rate)


_OLD_PACES = ("min_wait", "max_wait")


def task_sets(classes: list[Any]) -> list[Any]:
    """Give the task sets of classes, and those in them."""
    found: dict[Any, None] = {}
    left = list(classes)
    while left:
        for task in left.pop().tasks:
            if hasattr(task, "tasks") and task not in found:
                found[task] = None
                left.append(task)
    return list(found)


class Judgement:
    """What a script itself says of a run: it may end it, or call it failed, by Locust's means."""

    def __init__(self, environment: Any, end: Any) -> None:
        """Listen to an environment; `end` is called when the script ends the run."""
        self._environment, self._end = environment, end
        self._ended = ""
        self._broken = _LastComplaint()
        logging.basicConfig(level=logging.WARNING)
        logging.getLogger().addHandler(self._broken)
        cast("Any", environment.events).test_stopping.add_listener(self._on_stopping)

    def why_invalid(self) -> str:
        """Say why its run proves nothing; empty when the script has nothing against it."""
        replaced = [name for name, clock in CLOCKS.items() if getattr(time, name) is not clock]
        if replaced:
            return f"the script replaced `time.{replaced[0]}`, which latencies are measured by"
        if self._ended:
            return self._ended
        if self._environment.process_exit_code:
            code = self._environment.process_exit_code
            return f"the script says that the run failed: it set `process_exit_code` to {code}"
        if self._broken.text:
            return f"an event handler of the script raised {self._broken.text}"
        return ""

    def _on_stopping(self, **_said: Any) -> None:
        self._ended = "the script itself ended the run"
        self._end()


class _LastComplaint(logging.Handler):
    """Keeps what an event handler raised last."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line of the log."""
        said = record.getMessage()
        if said.startswith(HANDLER_BROKE):
            self.text = said.strip().splitlines()[-1]
