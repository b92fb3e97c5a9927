"""What the OCR runtime is asked for: the wishes of a run, and in what a batch departs from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textmill.records import OcrRequest, ReadingProfile


def ocr_request(wishes: Mapping[str, Any], profile: ReadingProfile) -> OcrRequest:
    """Return the request for a batch.

    Args:
        wishes: of the run, by the names of `OcrRequest`; names that are none of its own are passed over.
        profile: of the batch.
    """
    asked = {name: wishes[name] for name in OcrRequest.model_fields if name in wishes}
    if profile.engine is not None:
        asked["engine"] = profile.engine
    if profile.languages:
        asked["languages"] = profile.languages
    return OcrRequest(**asked)
