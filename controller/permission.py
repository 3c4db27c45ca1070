"""Who may ask for what, and how what may not be is refused."""

from controller.diagnostics.errors import Stalled
from controller.model.caller import Caller, Role


class NotAllowed(Stalled):
    """The caller's role does not include what was asked."""

    code = "app/not-allowed"


class NotFound(Stalled):
    """There is no such thing."""

    code = "app/not-found"


def require(caller: Caller, role: Role) -> None:
    """Let a caller pass whose role includes `role`. Raises NotAllowed."""
    if not caller.role.includes(role):
        raise NotAllowed.because(
            f"`{caller.name}` is {caller.role}; this needs {role}",
            hint="ask somebody whose token has that role",
        )
