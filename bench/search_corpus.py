"""Real text, and what OCR makes of it: pages for the benchmark of search.

The text is English prose that every machine with Python has: the documentation in its standard library.
"""

from __future__ import annotations

import ast
import random
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

_WORDS_ON_A_PAGE = 250
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

CONFUSIONS = {
    "a": ("o", "e", "s"),
    "b": ("h", "6", "8"),
    "c": ("e", "o", "("),
    "d": ("cl", "a"),
    "e": ("c", "o"),
    "f": ("t", "l"),
    "g": ("q", "9", "y"),
    "h": ("b", "n", "li"),
    "i": ("l", "1", "j"),
    "l": ("1", "i", "t"),
    "m": ("rn", "n", "in"),
    "n": ("ri", "m", "u"),
    "o": ("0", "c", "a"),
    "p": ("n", "o"),
    "q": ("g",),
    "r": ("n", "t"),
    "s": ("5", "a"),
    "t": ("f", "l", "i"),
    "u": ("ii", "n", "v"),
    "v": ("y", "u"),
    "w": ("vv", "v"),
    "x": ("k",),
    "y": ("v", "g"),
    "z": ("2",),
}
"""What letters are misread as; a choice from what is reported of printed Latin text."""


def pages() -> list[str]:
    """Return the documentation of the standard library, cut into pages of 250 words."""
    words = [word for text in _docstrings() for word in text.split()]
    return [
        " ".join(words[start : start + _WORDS_ON_A_PAGE]) for start in range(0, len(words), _WORDS_ON_A_PAGE)
    ]


def _docstrings() -> Iterator[str]:
    library = Path(sysconfig.get_path("stdlib"))
    for file in sorted(library.glob("**/*.py")):
        if "site-packages" in file.parts or "test" in file.parts:
            continue
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node) or ""
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and file.name == "topics.py":
                yield re.sub(r"[*`=_~^+|-]+", " ", node.value)


def spoiled(text: str, share: float, chance: random.Random, *, confused: bool) -> str:
    """Return a text of which each letter or digit was misread with a chance of `share`.

    Args:
        confused: half of the errors are letters taken for those that look like them, as in `CONFUSIONS`; the
            others, and all without this, are a letter in its place, one more letter, or none, equally often.
    """
    return "".join(
        _misread(letter, chance, confused=confused)
        if letter.isalnum() and chance.random() < share
        else letter
        for letter in text
    )


def _misread(letter: str, chance: random.Random, *, confused: bool) -> str:
    alike = CONFUSIONS.get(letter.lower())
    if confused and alike and chance.random() < 0.5:
        return chance.choice(alike)
    kind = chance.randrange(3)
    if kind == 0:
        return ""
    other = chance.choice(_LETTERS.replace(letter.lower(), ""))
    return other if kind == 1 else letter + other
