"""RapidOCR as it comes, as a contestant: its own code, models and settings, in a loop in one process."""

from __future__ import annotations

from importlib.metadata import version

from bench.speed_records import Answer, Job
from bench.speed_serving import serve


class Rapid:
    """One RapidOCR object with its default models, which its wheel carries."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR

        self._engine = RapidOCR()
        self.versions = {name: version(name) for name in ("rapidocr", "onnxruntime")}

    def prepare(self, job: Job) -> None:
        """Nothing: pictures are read as they are."""

    def read(self, job: Job) -> Answer:
        """See `Contestant`."""
        texts = []
        for page in job.pages:
            found = self._engine(str(page.picture))
            # None on a page where it finds no line.
            texts.append("\n".join(found.txts or ()))
        return Answer(texts, len(texts))


if __name__ == "__main__":
    serve(Rapid)
