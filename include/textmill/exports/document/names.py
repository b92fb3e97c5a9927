"""Names of exported files: told by names that strangers gave."""

from __future__ import annotations

import re

from textmill.exports.document.described import DocumentFacts, DocumentFormat

_UNSAFE = re.compile(r"[^\w.-]+")
_LONGEST = 100
_DIGEST = 8


def file_name(facts: DocumentFacts, wanted: DocumentFormat) -> str:
    """Return a name for an exported document: letters, digits, `_`, `.` and `-`, in at most 140 bytes.

    The beginning of its SHA-256 keeps documents apart that have the same name.
    """
    plain = _UNSAFE.sub("_", facts.name).strip("._-")
    short = plain.encode()[:_LONGEST].decode(errors="ignore")
    return f"{short or 'document'}-{facts.sha256[:_DIGEST]}{wanted.ending}"
