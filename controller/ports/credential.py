"""Credentials in other systems that are made, checked and ended when a secret rotates."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress
from controller.model.material import Material


class CredentialIssuer(Protocol):
    """Two login roles of one owner, used in turn.

    Each method may be repeated with the same result. All raise Transient when the system does not
    answer, and Stalled when it refuses the administrator.
    """

    async def set_password(
        self, database: DatabaseAddress, role: str, login: str, password: SecretText
    ) -> None:
        """Make `login` (a member of `role`) able to log in with exactly this password."""

    async def can_log_in(self, database: DatabaseAddress, login: str, password: SecretText) -> bool:
        """Log in as the consumer does and run a query; False when the login is refused.

        An answer that leaves it open, as "too many connections", is not a refusal but Transient.
        """

    async def disable(self, database: DatabaseAddress, login: str) -> None:
        """End `login` and close its sessions. Ending what is ended is no error."""


class Maker(Protocol):
    """One place where a credential of one kind is made, proven and ended.

    Each method may be repeated with the same result, after a kill at any instant as well. All
    raise Transient when the system does not answer, DependencyNotReady when something there has to
    be made first, and Stalled when it refuses.
    """

    @property
    def kind(self) -> str:
        """Tell what is made here, by the word of the documents."""

    @property
    def proof(self) -> str:
        """Name the place where consumers can be seen using a new one; empty when there is none."""

    def fits(self, material: Material) -> bool:
        """Tell whether this is still what the document asks for; else it is replaced."""

    def renew_at(self, material: Material) -> datetime | None:
        """Tell when it has to be replaced because its own life ends."""

    def fields(self, material: Material, previous: Material | None) -> Mapping[str, SecretText]:
        """Give what consumers read; `previous` while the old one still counts."""

    async def prepare(self, generation: int, current: Material | None) -> Material:
        """Choose all that can be chosen, and look; nothing in the world is changed.

        What is given is kept before `apply` is called with it.
        """

    async def apply(self, prepared: Material, current: Material | None) -> Material:
        """Make the new one work beside the current one; give it whole."""

    async def verify(self, material: Material) -> bool:
        """Use it as a consumer does; False when it is refused."""

    async def still_works(self, material: Material) -> bool:
        """Look at what consumers have, without using anything up; False when it is dead."""

    async def is_used(self, material: Material) -> bool:
        """Tell whether the place named by `proof` has the new one; unknown is False."""

    async def end(self, old: Material, current: Material) -> None:
        """End the old one. Ending what is ended is no error."""

    async def is_dead(self, old: Material) -> bool:
        """Prove that the old one is refused."""
