"""What is found with few rights: names with that to list, metadata with that to read values."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from controller.adapters.secret_store._failures import is_absent, told_with

if TYPE_CHECKING:
    import hvac


def names_below(client: "hvac.Client", mount: str, prefix: str, folder: str = "") -> Iterator[str]:
    """Go through the folders, one request each: an early server allows no search."""
    keys = client.secrets.kv.v2
    path = f"{prefix}/{folder}"
    for name in _keys(lambda: keys.list_secrets(path, mount_point=mount)):
        if name.endswith("/"):
            yield from names_below(client, mount, prefix, folder + name)
        else:
            yield folder + name


def latest_metadata(client: "hvac.Client", mount: str, path: str) -> dict[str, Any]:
    """Give a secret's metadata, in the form of KV's own answer, from what lies beside its value."""
    from hvac.exceptions import InvalidPath

    try:
        latest: Any = client.secrets.kv.v2.read_secret_version(
            path, mount_point=mount, raise_on_deleted_version=True
        )["data"]["metadata"]
    except InvalidPath as error:
        latest = told_with(error)
        if latest is None:
            raise
    version = latest["version"]
    return {
        "current_version": version,
        "versions": {str(version): latest},
        "custom_metadata": latest["custom_metadata"],
    }


def _keys(ask: Callable[[], Any]) -> list[str]:
    try:
        return list(ask()["data"]["keys"])
    except Exception as error:
        if is_absent(error):
            return []
        raise
