"""The names of all secrets below a prefix, with the right to list alone."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from controller.adapters.secret_store._failures import is_absent

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


def _keys(ask: Callable[[], Any]) -> list[str]:
    try:
        return list(ask()["data"]["keys"])
    except Exception as error:
        if is_absent(error):
            return []
        raise
