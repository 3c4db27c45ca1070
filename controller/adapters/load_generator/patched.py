"""Locust, imported: with it gevent patches the interpreter, so it comes before any use of the net.

Nothing of this may be imported by the controller's own process.
"""

from importlib import metadata
from typing import Any


def import_locust() -> Any:
    """Import locust.

    At each of some forty steps of its patch gevent asks for plug-ins, and each time the metadata
    of all packages is read: a third of the time. They are read once for all of them.
    """
    names = vars(metadata)
    ask = metadata.entry_points
    names["entry_points"] = ask().select
    try:
        import locust
    finally:
        names["entry_points"] = ask
    return locust
