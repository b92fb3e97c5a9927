"""What the OCR runtime is asked for, and what the books call the device."""

from __future__ import annotations

from pathlib import Path

import pytest

from textmill.engines.device_names import cpu_model, device_name
from textmill.engines.gpus import Gpu, Gpus
from textmill.ocr_requests import ocr_request
from textmill.records import BatchItem, MediaRef, ReadingProfile

WISHES = {"engine": "auto", "languages": ["en"], "dpi": 200, "source": "/in"}


def test_a_batch_without_a_profile_is_read_as_the_run_wishes() -> None:
    request = ocr_request(WISHES, ReadingProfile())
    assert (request.engine, request.languages, request.dpi) == ("auto", ("en",), 200)


def test_a_profile_goes_before_the_run() -> None:
    request = ocr_request(WISHES, ReadingProfile(engine="tesseract", languages=("de", "fr")))
    assert (request.engine, request.languages, request.dpi) == ("tesseract", ("de", "fr"), 200)
    assert ocr_request(WISHES, ReadingProfile(languages=("ru",))).engine == "auto"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("AMD EPYC 9R14 96-Core Processor", "AMD EPYC 9R14"),
        ("Intel(R) Xeon(R) Platinum 8488C CPU @ 2.40GHz", "Intel Xeon Platinum 8488C"),
    ],
)
def test_processors_go_by_their_model(tmp_path: Path, said: str, name: str) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nmodel name\t: {said}\n")
    assert cpu_model(tmp_path / "cpuinfo") == name
    assert cpu_model(tmp_path / "none") == "unknown"


def test_devices_have_names_that_fit_the_books(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus = Gpus((Gpu(0, "NVIDIA H100 80GB HBM3", 70_000, 80_000, (9, 0)),))
    assert device_name("gpu:0", gpus, 1) == "gpu: NVIDIA H100 80GB HBM3"
    monkeypatch.setattr("textmill.engines.device_names.cpu_model", lambda: "x" * 100)
    named = device_name("cpu", gpus, 4)
    assert len(named) == 64
    assert named.endswith("x, 4 threads")


@pytest.mark.parametrize(("whole", "parts"), [(5, 2), (5, 7), (1, 3), (0, 2), (10_000, 12)])
def test_parts_are_the_whole_cut_into_pieces(whole: int, parts: int) -> None:
    ref = MediaRef(uri="file:///a", source="s")
    shares = [
        BatchItem(
            item_no=0, ref=ref, estimated_pages=1, estimated_seconds=1, part=part, parts=parts
        ).share_of(whole)
        for part in range(parts)
    ]
    assert [number for share in shares for number in share] == list(range(whole))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
