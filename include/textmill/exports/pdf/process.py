"""Have the OCR runtime make a searchable PDF: a hostile picture then takes nobody else along."""

from __future__ import annotations

import os
import signal
import subprocess

from pydantic import ValidationError

from textmill.errors import ExportError
from textmill.exports.pdf.request import PdfAnswer, PdfRequest
from textmill.ocr_environment import child_environment
from textmill.settings import Settings

_START_SECONDS = 60.0


def make_pdf(request: PdfRequest, settings: Settings, *, pages: int) -> PdfAnswer:
    """Write the PDF of a request.

    Args:
        pages: how many there are about: so much time may it take.

    Raises:
        ExportError: it cannot be made; the sentence says why.
    """
    python = str(settings.ocr_python.absolute())
    patience = _START_SECONDS + settings.page_timeout_seconds * max(1, pages)
    try:
        done = subprocess.run(
            [python, "-m", "textmill.exports.pdf", str(os.getpid())],
            input=request.model_dump_json().encode(),
            env=child_environment(os.environ, settings),
            capture_output=True,
            timeout=patience,
            check=False,
        )
        if done.returncode == 0:
            return PdfAnswer.model_validate_json(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValidationError) as error:
        raise ExportError(
            f"{request.name} cannot be made a PDF: the OCR runtime at {python} (TEXTMILL_OCR_PYTHON) does "
            f"not answer ({type(error).__name__})."
        ) from error
    raise ExportError(_why(done.returncode, done.stderr, request.name, settings))


def _why(status: int, complaints: bytes, name: str, settings: Settings) -> str:
    if status == -signal.SIGALRM:
        return (
            f"{name} cannot be made a PDF: one of its pages takes longer than the "
            f"{settings.page_timeout_seconds:g} s that TEXTMILL_PAGE_TIMEOUT_SECONDS allows."
        )
    lines = complaints.decode(errors="replace").strip().splitlines()
    if status == 1 and lines:
        return lines[-1]
    how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
    last_words = lines[-1] if lines else "without a word"
    return f"{name} cannot be made a PDF: the process that was to do it {how} ({last_words})."
