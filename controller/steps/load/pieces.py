"""A file → the pieces that are read each by itself, so that a broken one hides no other."""

import re
from collections.abc import Iterator

_DOCUMENT_START = re.compile(r"(?:^|(?<=\r))---(?=[ \t\r\n]|$)", re.MULTILINE)
_DOCUMENT_END = re.compile(r"(?:^|(?<=\r))\.\.\.[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n)", re.MULTILINE)
_NO_CONTENT = re.compile(r"(?:[ \t]*(?:#.*)?|%.*)(?:\r\n|\r|\n|$)")


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Divide a text before each `---`; comments and directives go with what follows them."""
    begin = 0
    for match in _DOCUMENT_START.finditer(text):
        if _is_empty(text, begin, match.start()):
            continue
        end = match.start()
        for marker in _DOCUMENT_END.finditer(text, begin, end):
            if _is_empty(text, marker.end(), match.start()):
                end = marker.end()
                break
        yield begin, end
        begin = end
    yield begin, len(text)


def _is_empty(text: str, start: int, end: int) -> bool:
    while start < end:
        match = _NO_CONTENT.match(text, start, end)
        if match is None or match.end() == start:
            return False
        start = match.end()
    return True
