"""A batch on disk, and the OCR runtime as the operator starts it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from textmill.records import (
    BatchItem,
    Content,
    FetchedItem,
    FetchOutcome,
    Kind,
    MediaRef,
    OcrRequest,
    TextLayerUse,
)
from textmill.staging import BatchArea, Staging, write_records, write_text

BatchMaker = Callable[..., BatchArea]
Worker = Callable[..., "subprocess.CompletedProcess[bytes]"]


def content_of(path: Path) -> Content:
    return Content(
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        bytes=path.stat().st_size,
        mime="application/pdf" if path.suffix == ".pdf" else "image/png",
        kind=Kind.PDF if path.suffix == ".pdf" else Kind.IMAGE,
        path=str(path),
    )


@pytest.fixture
def make_batch(tmp_path: Path) -> BatchMaker:
    """Stage a batch of files for an engine of `tests/support`, or a real one."""

    def make(files: Sequence[Path], engine: str) -> BatchArea:
        area = Staging(tmp_path / "staging").run("run").batch(0)
        items = [
            FetchedItem(
                item=BatchItem(
                    item_no=number,
                    ref=MediaRef(uri=path.as_uri(), source=path.parent.as_uri(), bytes=1, modified_ns=1),
                    estimated_pages=1,
                    estimated_seconds=1,
                ),
                outcome=FetchOutcome.READ,
                content=content_of(path),
            )
            for number, path in enumerate(files)
        ]
        write_records(area.fetched, items, FetchedItem)
        request = OcrRequest(
            engine=engine,
            languages=("en",),
            dpi=72,
            preprocessing="none",
            second_opinion="off",
            text_layer=TextLayerUse.NEVER,
        )
        write_text(area.request, request.model_dump_json())
        return area

    return make


@pytest.fixture
def worker_command(repository: Path, models_dir: Path) -> tuple[list[str], dict[str, str]]:
    """How the OCR runtime is started, but for the batch."""
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    environment = coverage | {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{repository / 'include'}:{repository / 'tests' / 'support'}",
        "TEXTMILL_MODELS_DIR": str(models_dir),
    }
    return [sys.executable, "-m", "textmill.worker"], environment


@pytest.fixture
def run_worker(worker_command: tuple[list[str], dict[str, str]]) -> Worker:
    """Run the OCR runtime on a batch to its end."""
    command, environment = worker_command

    def run(area: BatchArea, **settings: Any) -> subprocess.CompletedProcess[bytes]:
        more = {f"TEXTMILL_{name.upper()}": str(value) for name, value in settings.items()}
        return subprocess.run(
            [*command, area.uri, str(os.getpid())],
            env=environment | more,
            capture_output=True,
            timeout=120,
            check=False,
        )

    return run
