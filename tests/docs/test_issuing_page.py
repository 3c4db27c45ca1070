"""The store on the page about issuing is right, and so is what is asked of it there."""

import re
from pathlib import Path

from tests.unit.load.load_repositories import load_with

PAGE = Path(__file__).resolve().parents[2] / "docs" / "issuing.md"
REQUEST = """
apiVersion: platform/v1
kind: CredentialRequest
metadata: {name: casey-reads-orders}
spec:
  who: casey
  what: {database: main/shop-reader}
  ttl: TTL
  reason: failed orders of ticket 4711
"""


def test_the_store_on_the_page_lets_people_ask_for_what_it_says() -> None:
    (store,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    files = {"platform/stores.yaml": store, "request.yaml": REQUEST.replace("TTL", "1h")}
    assert load_with(files).diagnostics == ()
    files["request.yaml"] = REQUEST.replace("TTL", "2h")
    (refused,) = load_with(files).diagnostics
    assert (refused.code, "1m to 1h" in refused.message) == ("load/not-issued", True)
