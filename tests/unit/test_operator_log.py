"""What the operator repeats in its task's log of what the OCR process says."""

from __future__ import annotations

import pytest

from textmill.events import WorkerReady


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
