"""Text that is safe to print: what came from a file cannot steer a terminal."""


def visible(text: str) -> str:
    """Replace every character that is not seen, but tabs, by a dot."""
    return "".join(c if c.isprintable() or c == "\t" else "·" for c in text)


def one_line(text: str) -> str:
    """Give a text without line breaks and without characters that are not seen."""
    return visible(" ".join(text.splitlines()))
