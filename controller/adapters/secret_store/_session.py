"""Connections to a server of OpenBao or Vault."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

POOL = 16


def open_session(verify: Path | None) -> "requests.Session":
    """Make a session that tries reads again, briefly, and takes nothing from the environment."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retry = Retry(
        total=3,
        connect=2,
        read=2,
        status_forcelist=(429, 502, 503),
        allowed_methods=frozenset({"GET", "HEAD", "LIST"}),
        backoff_factor=0.1,
        raise_on_status=False,
        respect_retry_after_header=False,  # the caller comes again, in its own time
    )
    session = requests.Session()
    session.trust_env = False
    session.verify = str(verify) if verify else True
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=POOL, max_retries=retry))
    return session
