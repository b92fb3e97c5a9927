"""Tell which fingerprints pages would get that are read now.

Run in the OCR environment as `python -m textmill.reader_fingerprint PARENT_PID`: takes an `OcrRequest` as
JSON on standard input, and answers with `ReaderFingerprints` on standard output. Loads the engine's models,
since what they are decides; nothing is read.
"""

from __future__ import annotations

import sys

from textmill.clean_stdout import clean_stdout
from textmill.errors import TextmillError
from textmill.lifeline import die_with_parent
from textmill.media.pdf_text import layer_fingerprint
from textmill.media.text import text_libraries, text_rules
from textmill.records import OcrRequest, ReaderFingerprints
from textmill.requested_reader import requested_options, requested_reader
from textmill.settings import Settings, load
from textmill.video_reading.checkpointed import video_fingerprint


def reader_fingerprints(request: OcrRequest, settings: Settings) -> ReaderFingerprints:
    """Return the fingerprints for a request. Raises what `requested_reader` does."""
    reader = requested_reader(request, settings)
    return ReaderFingerprints(
        picture=reader.fingerprint,
        video=video_fingerprint(reader.fingerprint, request.video_interval_seconds),
        text_layer=layer_fingerprint(requested_options(request, settings)),
        text_rules=text_rules(),
        text_libraries=text_libraries(),
    )


def main() -> None:
    """Entry point; what went wrong is the last line of standard error."""
    die_with_parent(int(sys.argv[1]))
    request = OcrRequest.model_validate_json(sys.stdin.read())
    with clean_stdout() as out:
        try:
            out.write(reader_fingerprints(request, load()).model_dump_json() + "\n")
        except TextmillError as error:
            sys.stderr.write(f"{error}\n")
            sys.exit(1)


if __name__ == "__main__":
    main()
