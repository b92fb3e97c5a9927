"""Tesseract as a contestant: a process for each page, as many at a time as there are cores, one thread each.

With its default threading, processes side by side would fight for the cores, and each would be many times
slower (OMP_THREAD_LIMIT, which the comparison sets).
"""

from __future__ import annotations

import argparse
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from bench.speed_records import Answer, Job, JobPage
from bench.speed_serving import serve


class Tesseract:
    """The program with its default settings, for English."""

    def __init__(self, processes: int) -> None:
        self._pool = ThreadPoolExecutor(processes)
        self.versions = {"tesseract": tesseract_version()}

    def prepare(self, job: Job) -> None:
        """Nothing: pictures are read as they are."""

    def read(self, job: Job) -> Answer:
        """See `Contestant`."""
        texts = list(self._pool.map(_read_page, job.pages))
        return Answer(texts, len(texts))


def tesseract_version() -> str:
    """Return the version of the program that is installed."""
    told = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"tesseract (\S+)", told.stdout + told.stderr)
    return found[1] if found else "unknown"


def _read_page(page: JobPage) -> str:
    command = ["tesseract", str(page.picture), "stdout", "-l", "eng"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().removesuffix("\f")


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed_tesseract", description=__doc__)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    serve(lambda: Tesseract(options.processes))


if __name__ == "__main__":
    main()
