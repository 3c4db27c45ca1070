"""A file in an old version → the same file in the version of today, comments and all."""

from collections.abc import Iterator

from controller.steps.load.documents import Parsed, parse_file
from controller.steps.load.nodes import MapNode, find_node
from schemas.document import API_VERSION


def migrated(path: str, content: bytes) -> bytes | None:
    """Give the file as it should be written; None when there is nothing to change in it."""
    documents = parse_file(path, content)
    edits = sorted({edit for each in documents for edit in _edits(each)}, reverse=True)
    if not edits:
        return None
    text = documents[0].sheet.text
    for start, end, new in edits:
        text = text[:start] + new + text[end:]
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    return mark + text.encode()


def _edits(each: Parsed) -> Iterator[tuple[int, int, str]]:
    if all(found.code != "load/old-version" for found in each.diagnostics):
        return
    root = each.root
    version = find_node(root, ("apiVersion",)) if root is not None else None
    if root is None or version is None:
        return
    yield version.start, version.end, API_VERSION
    for renamed in each.renamed:
        above = find_node(root, renamed.above)
        if isinstance(above, MapNode) and renamed.new in above.keys:
            key = above.keys[renamed.new]
            yield key.start, key.end, renamed.new
