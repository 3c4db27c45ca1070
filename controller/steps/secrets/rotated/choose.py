"""The kind of a request → what knows how it rotates."""

from controller.diagnostics.errors import Bug
from controller.steps.secrets.request import Issued, PostgresLogin, Random, SecretRequest
from controller.steps.secrets.rotated.issued import IssuedCredential
from controller.steps.secrets.rotated.login import LoginPair
from controller.steps.secrets.rotated.protocol import Rotated
from controller.steps.secrets.rotated.text import RandomText


def rotated(request: SecretRequest) -> Rotated:
    """Give what knows how this secret rotates; a person's value does not."""
    match request.kind:
        case Random() as kind:
            return RandomText(kind)
        case PostgresLogin() as kind:
            return LoginPair(kind)
        case Issued(maker):
            return IssuedCredential(maker)
        case _:
            raise Bug.because(f"`{request.name}` does not rotate")
