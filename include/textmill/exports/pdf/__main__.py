"""Entry point in the OCR runtime: `python -m textmill.exports.pdf PARENT_PID`.

Takes a `PdfRequest` as JSON on standard input, and answers with a `PdfAnswer` on standard output. What went
wrong is the last line of standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from textmill.clean_stdout import clean_stdout
from textmill.errors import TextmillError
from textmill.exports.pdf.building import build_pdf
from textmill.exports.pdf.request import PdfRequest
from textmill.lifeline import die_with_parent
from textmill.media.medium import media_options
from textmill.memory_limit import limit_memory
from textmill.records import AnimationFrames, PageRecord
from textmill.settings import load
from textmill.staging import read_records

_DPI = 200
"""Nothing is drawn here."""


class StagedPages:
    """The pages in a staged file: one at a time is in memory, and they can be asked for again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[PageRecord]:
        return read_records(self._path, PageRecord)


def main() -> None:
    """Read the request, write the PDF, say what was written."""
    die_with_parent(int(sys.argv[1]))
    request = PdfRequest.model_validate_json(sys.stdin.read())
    settings = load()
    limit_memory(settings)
    with clean_stdout() as out:
        try:
            frames = AnimationFrames.ALL if request.all_frames else AnimationFrames.FIRST
            options = media_options(settings, dpi=_DPI, animation_frames=frames)
            answer = build_pdf(request, StagedPages(Path(request.pages)), options)
            out.write(answer.model_dump_json() + "\n")
        except TextmillError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(1)
        except MemoryError:
            sys.stderr.write(
                f"{request.name} needs more memory than the {settings.worker_memory_mb:,} MiB that "
                f"TEXTMILL_WORKER_MEMORY_MB allows.\n"
            )
            sys.exit(1)


if __name__ == "__main__":
    main()
