"""Looks into the live OpenBao with the login that the controller has, to see what it may do."""

import ssl
from typing import Any

from controller.demo.folder import Folder


def ask_store_about_its_user(folder: Folder) -> dict[str, Any]:
    """Log in as the controller does and ask who that is. Raises OSError."""
    import httpx

    home = folder.data / "openbao"
    login = home / "server" / "login"
    address = f"https://127.0.0.1:{(home / 'port').read_text().strip()}"
    trusted = ssl.create_default_context(cafile=str(home / "tls" / "ca.pem"))
    body = {
        "role_id": (login / "role-id").read_text(),
        "secret_id": (login / "secret-id").read_text(),
    }
    try:
        with httpx.Client(verify=trusted, timeout=5, trust_env=False) as client:
            health = client.get(f"{address}/v1/sys/health").json()
            answer = client.post(f"{address}/v1/auth/approle/login", json=body)
            answer.raise_for_status()
            token = answer.json()["auth"]["client_token"]
            headers = {"X-Vault-Token": token}
            about = client.get(f"{address}/v1/auth/token/lookup-self", headers=headers).json()
            client.post(f"{address}/v1/auth/token/revoke-self", headers=headers)
    except httpx.HTTPError as error:
        raise OSError(f"OpenBao: {error}") from error
    if health.get("sealed") or not health.get("initialized"):
        raise OSError("OpenBao is sealed")
    return {
        "address": address,
        "version": health["version"],
        "policies": about["data"]["policies"],
        "path": about["data"]["path"],
    }
