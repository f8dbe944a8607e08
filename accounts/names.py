"""Names that people give: one line, of which something can be seen."""

import unicodedata

# What turns the direction of the text beside it; letters that run from right to left need none of it.
_TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
# Letters, numbers, punctuation and signs: the first letters of their categories.
_SEEN = frozenset("LNPS")


def name_of(told: str) -> str:
    """The name without controls and with single spaces; empty where nothing of it could be seen."""
    kept = (one for one in " ".join(told.split()) if _is_kept(one))
    # Spaces that stood around what is left out stand beside each other now.
    name = " ".join("".join(kept).split())
    return name if any(unicodedata.category(one)[0] in _SEEN for one in name) else ""


def _is_kept(letter: str) -> bool:
    return letter not in _TURNING and unicodedata.category(letter) not in ("Cc", "Cs")
