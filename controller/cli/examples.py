"""Examples below a command's help."""


def example(*lines: str) -> str:
    """Give the end of a command's help: lines as they would be typed."""
    verbatim = "\b\n"  # tells click to leave the line ends alone
    return verbatim + "Example:\n" + "\n".join(f"  {line}" for line in lines)
