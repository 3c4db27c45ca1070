"""Brings what the controller may do at the embedded server up to date.

The rights are written into the server when it is set up, by itself, and nobody has a root token
afterwards. So a second login is made then, which may write this one policy and is used at each
start for a moment. Servers of earlier versions have no such login: they are made anew by
`trueup secrets upgrade`.
"""

import asyncio
from pathlib import Path

from controller.adapters.secret_store._configuration import POLICY, ROLE
from controller.adapters.secret_store._login import AppRole, login_failed, take_token
from controller.diagnostics.errors import Stalled
from controller.diagnostics.secret import SecretText

TIMEOUT_SECONDS = 10.0
KEEPER_FILES = ("keeper-role-id", "keeper-secret-id")


async def bring_up_to_date(address: str, home: Path, authority: Path) -> bool:
    """Write the controller's policy; tells whether the server let us. May be repeated."""
    files = [home / "login" / name for name in KEEPER_FILES]
    if not all(file.exists() for file in files):
        return False
    role_id, secret_id = (SecretText(file.read_text()) for file in files)
    try:
        await asyncio.to_thread(_write, address, AppRole(role_id, secret_id), authority)
    except Stalled:  # a snapshot of an earlier version was brought back
        return False
    return True


def _write(address: str, login: AppRole, authority: Path) -> None:
    import hvac
    from requests import Session

    with Session() as session:
        session.trust_env = False
        session.verify = str(authority)
        client = hvac.Client(
            url=address, token="", session=session, verify=str(authority), timeout=TIMEOUT_SECONDS
        )
        try:
            take_token(client, login)
            client.adapter.put(f"/v1/sys/policies/acl/{ROLE}", json={"policy": POLICY})
            client.auth.token.revoke_self()
        except Exception as error:  # noqa: BLE001 - hvac and requests share no class below it
            raise login_failed(error) from None
