"""Error → what a program is told of it: by the API, and by a command that answers in JSON."""

from controller.diagnostics.errors import Stalled, Transient, TrueupError, Waiting

_KINDS = (("stalled", Stalled), ("waiting", Waiting), ("transient", Transient))


def for_programs(error: TrueupError) -> dict[str, str]:
    """Give code, message, way out, and by `kind` what comes next."""
    first = error.diagnostics[0] if error.diagnostics else None
    return {
        "code": first.code if first else error.code,
        "message": str(error),
        "hint": (first.hint or "") if first else "",
        "kind": next((word for word, group in _KINDS if isinstance(error, group)), "bug"),
    }
