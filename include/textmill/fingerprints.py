"""One identity for everything that can change a text, whoever made the text."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def fingerprint(**ingredients: Any) -> str:
    """Return 16 hex digits that identify everything that can change a text."""
    canonical = json.dumps(ingredients, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
