"""OCRmyPDF as a contestant, in an environment of its own: one call for all pages of a job, in one PDF.

Pictures become a PDF without being encoded again, before the clock runs; only the text is asked for
(`--sidecar`, no PDF is written), which is the quickest that it can do. Pages of PDFs that carry their text
are handed over as such: it passes over them (`--skip-text`), and poppler's pdftotext takes the text from what
it wrote.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.speed_records import Answer, Job, SetKind
from bench.speed_serving import serve
from bench.speed_tesseract import tesseract_version

_ASSUMED_DPI = 200.0
"""For pictures that do not tell their resolution: with img2pdf's 96, pages would be twice as large."""
_NO_DPI = 96.0
"""What img2pdf says of such pictures."""


class OcrMyPdf:
    """The program, called by its command line."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._folder = tempfile.TemporaryDirectory(prefix="textmill-bench-")
        self.versions = {"ocrmypdf": version("ocrmypdf"), "tesseract": tesseract_version()}

    def prepare(self, job: Job) -> None:
        """Put all pages of the job into one PDF."""
        if job.kind is SetKind.WRITTEN:
            _extract_pages(job, self._pdf(job))
        else:
            _bind_pictures([page.picture for page in job.pages], self._pdf(job))

    def read(self, job: Job) -> Answer:
        """See `Contestant`."""
        pdf = self._pdf(job)
        if job.kind is SetKind.WRITTEN:
            done = pdf.with_suffix(".done.pdf")
            self._run("--skip-text", "--output-type", "pdf", "--optimize", "0", str(pdf), str(done))
            told = subprocess.run(["pdftotext", str(done), "-"], stdout=subprocess.PIPE, check=True)
            text = told.stdout.decode()
        else:
            sidecar = pdf.with_suffix(".txt")
            self._run("--output-type", "none", "--sidecar", str(sidecar), str(pdf), "-")
            text = sidecar.read_text(encoding="utf-8")
        texts = text.removesuffix("\f").split("\f")
        wanted = len(job.pages) + (len(job.further) if job.kind is SetKind.WRITTEN else 0)
        if len(texts) != wanted:
            raise RuntimeError(f"OCRmyPDF gave {len(texts)} texts for {wanted} pages.")
        return Answer(texts[: len(job.pages)], wanted)

    def _pdf(self, job: Job) -> Path:
        return Path(self._folder.name) / f"{job.name}.pdf"

    def _run(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "ocrmypdf", "--quiet", "--jobs", str(self._jobs), *arguments]
        subprocess.run(command, check=True)


def _bind_pictures(pictures: list[Path], target: Path) -> None:
    import img2pdf

    with target.open("wb") as file:
        img2pdf.convert([str(picture) for picture in pictures], outputstream=file, layout_fun=_layout)


def _layout(width: int, height: int, dpi: tuple[float, float]) -> tuple[float, float, float, float]:
    """Give page and picture the picture's size in points (img2pdf's `layout_fun`)."""
    across, down = (_ASSUMED_DPI if one == _NO_DPI else one for one in dpi)
    size = 72.0 * width / across, 72.0 * height / down
    return (*size, *size)


def _extract_pages(job: Job, target: Path) -> None:
    import pikepdf

    sources: dict[Path, Any] = {}
    with pikepdf.new() as bound:
        for page in (*job.pages, *job.further):
            if page.medium not in sources:
                sources[page.medium] = pikepdf.open(page.medium)
            bound.pages.append(sources[page.medium].pages[page.page_no - 1])
        bound.save(target)
    for source in sources.values():
        source.close()


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed_ocrmypdf", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    serve(lambda: OcrMyPdf(options.jobs))


if __name__ == "__main__":
    main()
