"""Did you mean …?"""

from collections.abc import Iterable
from difflib import get_close_matches

MOST_LISTED = 12


def closest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that is nearest to `word`, when one is near."""
    words = sorted(known)
    folded = {candidate.lower().replace("_", "").replace("-", ""): candidate for candidate in words}
    same = folded.get(word.lower().replace("_", "").replace("-", ""))
    if same is not None:
        return same
    found = get_close_matches(word[:80], words, n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Give a hint that asks, or None."""
    found = closest(word, known)
    return f"did you mean `{found}`?" if found else None


def one_of(known: Iterable[str]) -> str | None:
    """Write a list of words to continue "expected …"; None when there are none."""
    words = sorted(set(known))
    if not words:
        return None
    shown = ", ".join(f"`{word}`" for word in words[:MOST_LISTED])
    more = len(words) - MOST_LISTED
    if more > 0:
        return f"one of {shown} and {more} more"
    return f"one of {shown}" if len(words) > 1 else shown
