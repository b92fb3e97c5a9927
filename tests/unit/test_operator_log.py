"""What the operator repeats in its task's log of what the OCR process says."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from textmill.events import PageDone, WorkerReady
from textmill.records import BatchItem, Content, FetchedItem, FetchOutcome, Kind, MediaRef
from textmill.staging import BatchArea, write_records


def test_the_choice_and_what_could_not_be_had_are_in_the_task_s_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from textmill_airflow.operators.ocr_batch import OcrBatchOperator

    operator = OcrBatchOperator(task_id="ocr", batch_uri="file:///batch", wishes={})
    operator._tell(
        WorkerReady(
            engine="paddle",
            device="cpu: x",
            fingerprint="0123456789abcdef",
            pages_resumed=0,
            notes=("On the CPU. 100 % sure.",),
            warnings=("There is no gpu:1.",),
        )
    )
    said = capsys.readouterr().out
    (note,) = (line for line in said.splitlines() if "On the CPU. 100 % sure." in line)
    (warning,) = (line for line in said.splitlines() if "There is no gpu:1." in line)
    assert "info" in note
    assert "warning" in warning


def test_a_url_is_named_without_its_query(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textmill_airflow.operators import ocr_batch

    area = BatchArea(tmp_path / "0")
    urls = ("https://example.org/a.png?sig=s3cret", "https://example.org/a.zip?sig=s3cret!b.png")
    items = [
        BatchItem(
            item_no=number,
            ref=MediaRef(uri=url, source="web", filename="b.png" if "!" in url else None),
            estimated_pages=1,
            estimated_seconds=1,
        )
        for number, url in enumerate(urls)
    ]
    content = Content(sha256="a" * 64, bytes=1, mime="image/png", kind=Kind.IMAGE, path="/nowhere")
    fetched = (FetchedItem(item=item, outcome=FetchOutcome.READ, content=content) for item in items)
    write_records(area.fetched, fetched, FetchedItem)
    operator = ocr_batch.OcrBatchOperator(task_id="ocr", batch_uri=area.uri, wishes={})

    def read(*_: object) -> None:
        for url in urls:
            operator._tell(
                PageDone(uri=url, page_no=1, page_count=1, characters=2, confidence=None, milliseconds=3)
            )

    monkeypatch.setattr(operator, "_read", read)
    monkeypatch.setattr(operator, "_write_request", lambda _: None)
    monkeypatch.setattr(ocr_batch, "warehouse", lambda: nullcontext())
    operator.execute({"run_id": "run"})  # type: ignore[typeddict-item]
    said = capsys.readouterr().out
    assert "https://example.org/a.png page 1" in said
    assert "b.png (https://example.org/a.zip) page 1" in said
    assert "s3cret" not in said
