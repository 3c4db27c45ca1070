"""The page of a code."""

import re
from pathlib import Path

_PAGES = Path(__file__).resolve().parent / "pages"
_CODE = re.compile(r"[a-z]{1,32}/[a-z0-9-]{1,64}")


def explain(code: str) -> str | None:
    """Give the page of `load/unknown-key`: what it means, an example, how to mend it; or None."""
    if _CODE.fullmatch(code) is None:
        return None
    page = _PAGES / f"{code}.md"
    return page.read_text(encoding="utf-8") if page.is_file() else None


def codes() -> tuple[str, ...]:
    """Give every code that has a page."""
    return tuple(sorted(f"{page.parent.name}/{page.stem}" for page in _PAGES.glob("*/*.md")))
