"""TrOCR with a tiny model that these tests build and teach four words."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_trocr
from ocr_batches import events
from PIL import Image

from textmill.checkpoint import read_pages
from textmill.engines import EngineOptions, create_engine
from textmill.engines.lines import cut_out
from textmill.engines.paddle import create as create_paddle
from textmill.engines.trocr import TrOcrRecogniser, _confidences
from textmill.engines.trocr_packages import make_importable
from textmill.errors import ModelsMissing
from textmill.page import PageImage

try:
    make_importable()
except ModelsMissing as missing:
    pytest.skip(str(missing), allow_module_level=True)

WORDS = ("harbour", "ticket 42", "bridge", "garden")


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> Path:
    page = tiny_trocr.page_of(WORDS)
    options = EngineOptions(("en",), models_dir, threads=1, detection_side=1440, cpu_precision="fp32")
    detector = create_paddle(options).detector
    outlines = sorted(detector.detect(page), key=lambda outline: outline[:, 1].min())
    folder = tiny_trocr.build(tmp_path_factory.mktemp("models") / "tiny-trocr")
    tiny_trocr.teach(folder, WORDS, [cut_out(page, outline) for outline in outlines])
    return folder


@pytest.fixture(scope="session")
def recogniser(taught: Path) -> TrOcrRecogniser:
    return TrOcrRecogniser(str(taught), device="cpu", threads=1, beams=1)


@pytest.fixture(scope="session")
def untaught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_trocr.build(tmp_path_factory.mktemp("models") / "random-trocr", seed=1)


def test_it_reads_what_the_model_was_taught(recogniser: TrOcrRecogniser) -> None:
    readings = recogniser.recognise([tiny_trocr.draw(word, size=size) for size in (18, 30) for word in WORDS])
    assert [one.text for one in readings] == list(WORDS) * 2
    assert all(one.confidence > 0.8 for one in readings)


def test_several_readings_may_be_followed_at_once(taught: Path, recogniser: TrOcrRecogniser) -> None:
    beams = TrOcrRecogniser(str(taught), device="cpu", threads=1, beams=3)
    pictures = [tiny_trocr.draw(word) for word in WORDS]
    for one, other in zip(beams.recognise(pictures), recogniser.recognise(pictures), strict=True):
        assert one.text == other.text
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
    assert beams.fingerprint != recogniser.fingerprint


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("which", ["taught", "untaught"])
def test_a_line_is_read_the_same_alone_and_among_others(
    which: str, beams: int, request: pytest.FixtureRequest
) -> None:
    recogniser = TrOcrRecogniser(str(request.getfixturevalue(which)), device="cpu", threads=1, beams=beams)
    pictures = [tiny_trocr.draw(word, size=size) for size in (17, 23, 29) for word in WORDS]
    together = recogniser.recognise(pictures)
    alone = [recogniser.recognise([picture])[0] for picture in pictures]
    assert [one.text for one in together] == [one.text for one in alone]
    for one, other in zip(together, alone, strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


def test_more_lines_than_fit_into_a_batch_come_back_in_their_order(recogniser: TrOcrRecogniser) -> None:
    wanted = [WORDS[number % 4] for number in range(19)]
    assert [one.text for one in recogniser.recognise([tiny_trocr.draw(word) for word in wanted])] == wanted
    assert recogniser.recognise([]) == []


def test_confidence_is_the_geometric_mean_up_to_the_end_of_the_text() -> None:
    import torch

    end, padding = 2, 1
    tokens = torch.tensor([[7, 8, end, padding], [7, 8, 9, 9]])
    probabilities = torch.tensor([[0.9, 0.4, 0.6, 0.001], [0.5, 0.5, 0.5, 0.5]])
    expected = [(0.9 * 0.4 * 0.6) ** (1 / 3), 0.5]
    assert _confidences(tokens, probabilities.log(), end) == pytest.approx(expected)
    assert _confidences(tokens, probabilities.log(), [end, 9])[1] == pytest.approx(math.pow(0.125, 1 / 3))


def test_confidence_is_what_the_network_says_of_its_own_text(recogniser: TrOcrRecogniser) -> None:
    """Scored by a second pass over picture and text, without any search."""
    import torch

    picture = tiny_trocr.draw("garden", size=18)
    (reading,) = recogniser.recognise([picture])
    tokens = [*recogniser._tokens(reading.text, add_special_tokens=False).input_ids, 2]
    pixels = recogniser._prepare([picture[:, :, ::-1]], return_tensors="pt").pixel_values
    with torch.inference_mode():
        logits = recogniser._network(
            pixel_values=pixels, decoder_input_ids=torch.tensor([[0, *tokens[:-1]]])
        ).logits
    chosen = logits.log_softmax(-1)[0, range(len(tokens)), tokens]
    assert reading.confidence == pytest.approx(float(chosen.mean().exp()), abs=1e-4)


def test_the_model_s_files_are_in_the_fingerprint(
    taught: Path, recogniser: TrOcrRecogniser, tmp_path: Path
) -> None:
    copy = shutil.copytree(taught, tmp_path / "elsewhere")
    same = TrOcrRecogniser(str(copy), device="cpu", threads=2, beams=1)
    assert same.fingerprint == recogniser.fingerprint
    settings = json.loads((copy / "preprocessor_config.json").read_text())
    (copy / "preprocessor_config.json").write_text(json.dumps({**settings, "image_mean": [0.4, 0.4, 0.4]}))
    assert TrOcrRecogniser(str(copy), device="cpu", threads=1, beams=1).fingerprint != recogniser.fingerprint


def test_it_reads_the_lines_that_paddle_finds(taught: Path, models_dir: Path) -> None:
    options = EngineOptions(("en",), models_dir, threads=1, detection_side=1440, trocr_model=str(taught))
    engine = create_engine("trocr", options)
    text = engine.read(PageImage(1, tiny_trocr.page_of(WORDS), None))
    assert engine.name == "trocr"
    assert text.text.splitlines() == list(WORDS)
    assert all(0.5 < line.confidence <= 1 for line in text.lines)


def test_a_batch_is_read_with_it(make_batch, run_worker, taught, tmp_path) -> None:  # type: ignore[no-untyped-def]
    Image.fromarray(tiny_trocr.page_of(WORDS)).save(tmp_path / "page.png")
    area = make_batch([tmp_path / "page.png"], "trocr")
    done = run_worker(area, trocr_model=taught, trocr_beams=2)
    assert done.returncode == 0, done.stderr
    (read,) = read_pages(area.checkpoint)
    assert (read.text.splitlines(), read.engine) == (list(WORDS), "trocr")
    assert "tiny-trocr@" in read.model
    assert any("TEXTMILL_TROCR_MODEL" in note for note in events(done)[0]["notes"])


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("/there/is/nothing", r"no folder /there/is/nothing \(TEXTMILL_TROCR_MODEL\)"),
        ("no such name!", r"cannot be fetched .* Copy the model's folder"),
    ],
)
def test_a_model_that_is_not_there_is_named(model: str, sentence: str) -> None:
    with pytest.raises(ModelsMissing, match=sentence):
        TrOcrRecogniser(model, device="cpu", threads=1, beams=1)


def test_without_a_network_a_published_model_has_to_be_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelsMissing, match="put its path into TEXTMILL_TROCR_MODEL"):
        TrOcrRecogniser("microsoft/trocr-small-printed", device="cpu", threads=1, beams=1)


@pytest.mark.parametrize("lacking", ["config.json", "model.safetensors", "preprocessor_config.json"])
def test_half_a_model_is_refused(taught: Path, tmp_path: Path, lacking: str) -> None:
    copy = shutil.copytree(taught, tmp_path / "half")
    (copy / lacking).unlink()
    with pytest.raises(ModelsMissing, match="no TrOCR model that Transformers can load"):
        TrOcrRecogniser(str(copy), device="cpu", threads=1, beams=1)


def test_damaged_weights_are_refused(taught: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(taught, tmp_path / "damaged")
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ModelsMissing, match="no TrOCR model that Transformers can load"):
        TrOcrRecogniser(str(copy), device="cpu", threads=1, beams=1)


def test_without_its_packages_the_sentence_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, models_dir: Path
) -> None:
    monkeypatch.setattr("textmill.engines.trocr_packages.find_spec", lambda _: None)
    options = EngineOptions(("en",), models_dir, threads=1, detection_side=1440)
    with pytest.raises(ModelsMissing, match="make setup-trocr"):
        create_engine("trocr", replace(options, device="cpu"))
