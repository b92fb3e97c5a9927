"""Ask the OCR runtime which fingerprints pages would get that are read now."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from textmill.errors import CannotRead
from textmill.ocr_environment import child_environment
from textmill.ocr_requests import ocr_request
from textmill.records import ReaderFingerprints, ReadingProfile
from textmill.settings import Settings

_PATIENCE_SECONDS = 120.0


class FingerprintsOfReaders:
    """Answers for a profile; each answer takes seconds the first time, since the engine is loaded for it.

    Args:
        wishes: of the run, by the names of `textmill.records.OcrRequest`.
    """

    def __init__(self, settings: Settings, wishes: Mapping[str, Any]) -> None:
        self._settings = settings
        self._wishes = wishes
        self._known: dict[ReadingProfile, ReaderFingerprints] = {}

    def __call__(self, profile: ReadingProfile) -> ReaderFingerprints:
        """Return the fingerprints for a profile. Raises CannotRead when its engine cannot be had."""
        if profile not in self._known:
            self._known[profile] = self._ask(ocr_request(self._wishes, profile).model_dump_json())
        return self._known[profile]

    def _ask(self, request: str) -> ReaderFingerprints:
        python = str(self._settings.ocr_python.absolute())
        try:
            answer = subprocess.run(
                [python, "-m", "textmill.reader_fingerprint", str(os.getpid())],
                input=request.encode(),
                env=child_environment(os.environ, self._settings),
                capture_output=True,
                timeout=_PATIENCE_SECONDS,
                check=True,
            )
            return ReaderFingerprints.model_validate_json(answer.stdout)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().splitlines()
            raise CannotRead(
                f"Nobody can tell what another engine read: {said[-1] if said else 'the OCR runtime died'}"
            ) from None
        except (OSError, subprocess.TimeoutExpired, ValidationError) as error:
            raise CannotRead(
                f"Nobody can tell what another engine read: the OCR runtime at {python} "
                f"(TEXTMILL_OCR_PYTHON) does not answer ({type(error).__name__})."
            ) from error
