"""What catalogue and manifest say of media alike: languages and tags."""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_LANGUAGES = 10
MOST_TAGS = 50
LONGEST_TAG = 100
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]+)?")


class LabelError(ValueError):
    """A language or tag cannot be used; the message goes on from its name."""


def check_languages(languages: Iterable[str]) -> tuple[str, ...]:
    """Return ISO 639-1 codes (`en`, `zh_Hant`), each once. Raises LabelError."""
    checked = tuple(dict.fromkeys(languages))
    wrong = [language for language in checked if not _LANGUAGE.fullmatch(language)]
    if wrong:
        raise LabelError(f"has {wrong[0][:20]!r}, which is no ISO 639-1 code such as en, de or zh_Hant")
    if len(checked) > MOST_LANGUAGES:
        raise LabelError(f"has more than {MOST_LANGUAGES} languages")
    return checked


def check_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags without the blanks around them, each once. Raises LabelError."""
    checked = tuple(dict.fromkeys(tag for tag in (tag.strip() for tag in tags) if tag))
    if not all(tag.isprintable() and len(tag) <= LONGEST_TAG for tag in checked):
        raise LabelError(f"has a tag with control characters, or longer than {LONGEST_TAG} characters")
    if len(checked) > MOST_TAGS:
        raise LabelError(f"has more than {MOST_TAGS} tags")
    return checked
