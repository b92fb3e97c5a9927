"""Which engine, device and models are chosen, on machines of many kinds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from textmill.engines.device import LARGE_MODELS, SMALL_MODELS, Choice, Machine, choose
from textmill.engines.gpus import CPU, Gpu, Gpus, visible
from textmill.engines.protocol import EngineOptions
from textmill.errors import ModelsMissing, SettingsError
from textmill.languages import language_of, pack_of

T4 = Gpu(0, "Tesla T4", free_mb=15_000, total_mb=15_360, capability=(7, 5))
H100 = Gpu(1, "H100", free_mb=79_000, total_mb=81_559, capability=(9, 0))
FULL = Gpu(2, "A10", free_mb=500, total_mb=23_028, capability=(8, 6))
KEPLER = Gpu(0, "Tesla K80", free_mb=11_000, total_mb=11_441, capability=(3, 7))

OPTIONS = EngineOptions(languages=("en",), models_dir=Path("models"), threads=1, detection_side=1440)
LATIN = frozenset("abcdefghijklmnopqrstuvwxyzäöüßéèàçñ")
CYRILLIC = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў")


@dataclass(frozen=True)
class Facts:
    """A machine in as many words as a test needs."""

    gpus: tuple[Gpu, ...] = ()
    trouble: str = ""
    models: tuple[str, ...] = SMALL_MODELS
    letters: frozenset[str] | None = LATIN
    packs: tuple[str, ...] = ("eng", "osd")
    no_cuda: str = ""

    def choose(self, engine: str = "paddle", **wishes: object) -> Choice:
        machine = Machine(
            gpus=Gpus(self.gpus, self.trouble),
            models=frozenset(self.models),
            alphabet=lambda _: self.letters,
            packs=frozenset(self.packs),
            cuda_trouble=lambda _: self.no_cuda,
        )
        return choose(engine, replace(OPTIONS, **wishes), machine)  # type: ignore[arg-type]


BARE = Facts(trouble="No NVIDIA GPU can be seen (NVML Shared Library Not Found).")


def chosen_models(choice: Choice) -> tuple[str, str]:
    return choice.options.detection_model, choice.options.recognition_model


def test_without_a_gpu_the_small_models_run_on_the_cpu_and_nobody_is_warned() -> None:
    choice = BARE.choose()
    assert choice.options.device == CPU
    assert chosen_models(choice) == SMALL_MODELS
    assert choice.warnings == ()
    assert any("NVML" in why for why in choice.why)


def test_auto_takes_the_gpu_with_the_most_free_memory() -> None:
    assert Facts((T4, H100, FULL)).choose().options.device == "gpu:1"
    assert Facts((T4, FULL)).choose().options.device == "gpu:0"


def test_of_equal_gpus_the_first_is_taken() -> None:
    assert Facts((T4, replace(T4, index=1))).choose().options.device == "gpu:0"


def test_auto_leaves_a_full_gpu_alone_and_says_so() -> None:
    choice = Facts((FULL,)).choose()
    assert choice.options.device == CPU
    assert "500 of 23028 MiB free" in choice.warnings[0]
    assert "TEXTMILL_GPU_MEMORY_MB" in choice.warnings[0]
    assert Facts((FULL,)).choose(gpu_memory_mb=400).options.device == "gpu:2"


def test_a_full_gpu_is_used_when_it_is_asked_for() -> None:
    choice = Facts((FULL,)).choose(device="gpu")
    assert choice.options.device == "gpu:2"
    assert "It may run out of memory" in choice.warnings[0]


def test_one_gpu_can_be_asked_for() -> None:
    choice = Facts((T4, H100)).choose(device="gpu:0")
    assert (choice.options.device, choice.warnings) == ("gpu:0", ())


def test_a_gpu_that_does_not_exist_is_a_warning_that_lists_those_that_do() -> None:
    choice = Facts((T4,)).choose(device="gpu:1")
    assert choice.options.device == CPU
    assert "no gpu:1" in choice.warnings[0]
    assert "Tesla T4" in choice.warnings[0]


@pytest.mark.parametrize("wish", ["gpu", "gpu:0"])
def test_a_gpu_that_was_asked_for_where_there_is_none_is_a_warning(wish: str) -> None:
    choice = BARE.choose(device=wish)
    assert choice.options.device == CPU
    assert choice.warnings == (
        "No NVIDIA GPU can be seen (NVML Shared Library Not Found). "
        f"Reading on the CPU (TEXTMILL_DEVICE is {wish}).",
    )


@pytest.mark.parametrize("wish", ["auto", "gpu", "gpu:0"])
def test_a_gpu_that_the_runtime_cannot_use_is_a_warning(wish: str) -> None:
    choice = Facts((T4,), no_cuda="ONNX Runtime is installed without CUDA.").choose(device=wish)
    assert choice.options.device == CPU
    assert "without CUDA" in choice.warnings[0]


@pytest.mark.parametrize("wish", ["auto", "gpu", "gpu:0"])
def test_a_gpu_that_is_too_old_is_a_warning(wish: str) -> None:
    choice = Facts((KEPLER,)).choose(device=wish)
    assert choice.options.device == CPU
    assert "compute capability 3.7) is too old: at least compute capability 7.5" in choice.warnings[0]


def test_a_newer_gpu_beside_an_old_one_is_taken() -> None:
    assert Facts((replace(KEPLER, free_mb=90_000), H100)).choose().options.device == "gpu:1"


def test_a_gpu_whose_capability_is_unknown_is_tried() -> None:
    assert Facts((replace(T4, capability=None),)).choose().options.device == "gpu:0"


def test_the_cpu_can_be_asked_for_on_any_machine() -> None:
    choice = Facts((H100,)).choose(device="cpu")
    assert (choice.options.device, choice.warnings) == (CPU, ())


@pytest.mark.parametrize("wish", ["cuda", "gpu:", "gpu:-1", "gpu:x", "GPU", "", "gpu:0 "])
def test_no_device_is_refused_by_its_setting(wish: str) -> None:
    with pytest.raises(SettingsError, match="TEXTMILL_DEVICE is"):
        BARE.choose(device=wish)


def test_a_large_gpu_gets_the_large_models_that_are_here() -> None:
    here = (*SMALL_MODELS, *LARGE_MODELS)
    assert chosen_models(Facts((H100,), models=here).choose()) == LARGE_MODELS
    assert chosen_models(Facts((H100,), models=here).choose(large_model_memory_mb=80_000)) == SMALL_MODELS
    assert chosen_models(Facts(models=here).choose()) == SMALL_MODELS


def test_large_models_that_are_not_here_are_missed_aloud() -> None:
    choice = Facts((H100,), models=(*SMALL_MODELS, LARGE_MODELS[0])).choose()
    assert chosen_models(choice) == (LARGE_MODELS[0], SMALL_MODELS[1])
    assert any(LARGE_MODELS[1] in why and "TEXTMILL_MODELS_DIR" in why for why in choice.why)


def test_models_that_are_asked_for_are_taken() -> None:
    choice = Facts((H100,)).choose(detection_model="PP-OCRv5_server_det", recognition_model="mine")
    assert chosen_models(choice) == ("PP-OCRv5_server_det", "mine")
    assert any("TEXTMILL_RECOGNITION_MODEL" in why and "not below" in why for why in choice.why)


def test_a_language_that_the_model_can_write_is_read_by_paddle() -> None:
    assert BARE.choose("auto", languages=("de",)).engine == "paddle"


def test_a_language_that_it_cannot_write_is_read_by_tesseract() -> None:
    choice = Facts((H100,), packs=("eng", "rus")).choose("auto", languages=("ru", "en"))
    assert (choice.engine, choice.options.device, choice.warnings) == ("tesseract", CPU, ())
    assert any("cannot write Russian" in why for why in choice.why)


@pytest.mark.parametrize(
    ("code", "package"),
    [("ar", "tesseract-ocr-ara"), ("vi", "tesseract-ocr-vie"), ("zh-TW", "tesseract-ocr-chi-tra")],
)
def test_without_the_language_pack_its_package_is_named(code: str, package: str) -> None:
    with pytest.raises(ModelsMissing, match=rf"apt-get install {package}\."):
        BARE.choose("auto", languages=(code,))


def test_another_model_reads_other_languages() -> None:
    russian = Facts(letters=CYRILLIC)
    assert russian.choose("auto", languages=("ru",)).engine == "paddle"
    with pytest.raises(ModelsMissing, match="cannot write German"):
        russian.choose("auto", languages=("de",))


def test_the_first_language_decides_and_others_that_are_lost_are_warned_of() -> None:
    choice = Facts(packs=("rus",)).choose("auto", languages=("en", "ru"))
    assert choice.engine == "paddle"
    assert any("The first language decides" in why for why in choice.why)
    assert "cannot write Russian" in choice.warnings[0]


def test_a_language_that_nobody_knows_is_tried_with_its_pack_or_with_paddle() -> None:
    assert Facts(packs=("tlh",)).choose("auto", languages=("tlh",)).engine == "tesseract"
    choice = BARE.choose("auto", languages=("tlh",))
    assert choice.engine == "paddle"
    assert "no language that Textmill knows" in choice.warnings[0]


def test_a_model_without_a_list_of_characters_is_paddle_s_to_judge() -> None:
    assert Facts(letters=None).choose("auto", languages=("ar",)).engine == "paddle"


def test_no_language_at_all_is_read_by_paddle() -> None:
    assert BARE.choose("auto", languages=()).engine == "paddle"


def test_an_engine_from_outside_chooses_for_itself() -> None:
    choice = Facts((H100,)).choose("mine:create", device="tpu")
    assert (choice.engine, choice.options.device, choice.why) == ("mine:create", "tpu", ())


def test_trocr_has_its_own_model_on_the_chosen_device() -> None:
    choice = Facts((H100,)).choose("trocr", trocr_model="/models/printed")
    assert (choice.engine, choice.options.device) == ("trocr", "gpu:1")
    assert any("/models/printed" in why for why in choice.why)


UUIDS = ("GPU-aaaa1111", "GPU-aabb2222", "GPU-cccc3333")


@pytest.mark.parametrize(
    ("listing", "numbers"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("2,0", [2, 0]),
        (" 1 , 2", [1, 2]),
        ("-1", []),
        ("0,7,1", [0]),
        ("0,0,1", [0]),
        ("GPU-cccc3333,0", [2, 0]),
        ("GPU-aabb", [1]),
        ("GPU-aa", []),
        ("NoDevFiles", []),
    ],
)
def test_only_gpus_that_cuda_shows_count_and_in_its_order(
    monkeypatch: pytest.MonkeyPatch, listing: str | None, numbers: list[int]
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if listing is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listing)
    assert visible(UUIDS) == numbers


@pytest.mark.parametrize(
    ("code", "pack"),
    [("de", "deu"), ("zh", "chi_sim"), ("zh_tw", "chi_tra"), ("sr-Latn", "srp_latn"), ("chi_sim", "chi_sim")],
)
def test_languages_are_known_by_code_and_by_pack(code: str, pack: str) -> None:
    assert pack_of(code) == pack


def test_every_language_has_a_code_a_pack_and_no_letter_twice() -> None:
    from textmill.languages import _LANGUAGES

    assert len({language.code for language in _LANGUAGES}) == len(_LANGUAGES)
    for language in _LANGUAGES:
        assert language_of(language.code) is language
        assert len(set(language.letters)) == len(language.letters), language
        assert not set(language.letters) & set("abcdefghijklmnopqrstuvwxyz"), language
