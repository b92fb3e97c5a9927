"""What several tests of the OCR runtime need to know."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from textmill.media import MediaOptions

OPTIONS = MediaOptions(
    max_pixels=50_000_000, page_pixel_budget=20_000_000, max_pages=100, page_timeout_seconds=30
)


def events(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def content_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
