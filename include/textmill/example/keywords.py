"""Count the words of many texts."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

SHORTEST, LONGEST = 4, 64
"""Letters of a word; what is longer is no word but noise."""

_ENOUGH_DOCUMENTS = 10
_MOST_WORDS = 200_000


@dataclass(frozen=True)
class Keyword:
    """A word, in how many texts it is, and how often in all of them."""

    word: str
    documents: int
    occurrences: int


def count_keywords(texts: Iterable[str], *, most: int = 1000) -> list[Keyword]:
    """Return the words that are in the most texts, those in more texts first.

    Where there are ten texts or more, a word that is in more than half of them tells nothing about any and is
    left out; that needs no list of stop words for each language. Languages that put no space between words
    (Chinese, Japanese, Thai) would need a segmenter: here, what stands between two marks is one word.

    Memory is bounded: beyond 200,000 different words those in the fewest texts so far are forgotten, so that
    counts of words this rare may come out too low.
    """
    documents: Counter[str] = Counter()
    occurrences: Counter[str] = Counter()
    total = 0
    for text in texts:
        found = Counter(words(text))
        documents.update(found.keys())
        occurrences.update(found)
        total += 1
        if len(documents) > _MOST_WORDS:
            documents = Counter(dict(documents.most_common(_MOST_WORDS // 2)))
            occurrences = Counter({word: occurrences[word] for word in documents})
    limit = total / 2 if total >= _ENOUGH_DOCUMENTS else total
    keywords = [
        Keyword(word, count, occurrences[word]) for word, count in documents.items() if count <= limit
    ]
    return sorted(keywords, key=lambda one: (-one.documents, -one.occurrences, one.word))[:most]


def words(text: str) -> Iterable[str]:
    """Yield the words of a text in lower case: letters of any script, with the marks that belong to them."""
    for match in _word().finditer(unicodedata.normalize("NFC", text)):
        word = match[0].lower()
        if len(word) <= LONGEST:
            yield word


@cache
def _word() -> re.Pattern[str]:
    # Python's `\w` leaves out combining marks, without which words of Indic scripts fall to pieces.
    marks = "".join(
        re.escape(chr(code))
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Mn", "Mc")
    )
    return re.compile(rf"(?:[^\W\d_][{marks}]*){{{SHORTEST},}}")
