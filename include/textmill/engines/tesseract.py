"""Tesseract 5 as an engine: the fallback on a CPU, and the way to scripts that PP-OCRv6 does not know.

`TesseractEngine` reads pages and finds their lines itself. `TesseractRecogniser` reads lines that were found
by somebody else: a second opinion.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from textmill.engines.protocol import EngineOptions, LineReading
from textmill.errors import ModelsMissing, SettingsError
from textmill.fingerprints import fingerprint
from textmill.languages import language_of, pack_of, package_of
from textmill.page import PageImage, PageText
from textmill.records import LineRecord

_PROGRAM = "tesseract"
_LISTING_HEAD = re.compile(r'in "(?P<folder>.+)" \(\d+\):')
_NO_TEXT_MODES = {0: "looks for the orientation only", 2: "is not made yet"}
_NO_CONFIDENCE = -1
_SINGLE_LINE = 7
_LINES_AT_ONCE = 64
"""Lines given to one process: its start is shared, and a file descriptor or a disk is not used up."""
_MARGIN = 10
"""Pixels of the line's own background put around it: Tesseract loses letters that touch the edge."""
_LEAST_CONTRAST = 16
"""Difference between the lightest and the darkest value below which nobody sees writing: in an empty picture
that it is told to be a line, Tesseract finds letters nevertheless."""
_LONGEST_SIDE = 16_000
"""Pixels to which a longer line is scaled down: Tesseract refuses pictures from 32,768 on."""


@dataclass(frozen=True)
class Word:
    """A word as Tesseract reports it; the key names page, block, paragraph and line.

    Attributes:
        confidence: 0 to 1; None where Tesseract has none.
    """

    line_key: tuple[int, int, int, int]
    text: str
    confidence: float | None
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class LanguagePacks:
    """The installed language packs, and the folder in which they are."""

    folder: Path
    names: frozenset[str]


class Tesseract:
    """The program with its languages and modes, ready to be run.

    Raises:
        ModelsMissing: Tesseract or a language pack is not installed.
        SettingsError: it refuses a mode.
    """

    def __init__(self, options: EngineOptions, psm: int) -> None:
        import pytesseract

        # With its default threading, parallel Tesseracts fight for the cores and each gets slower.
        os.environ["OMP_THREAD_LIMIT"] = "1"
        packs = _require_packs(options.languages)
        self.languages = "+".join(packs)
        self.version = str(pytesseract.get_tesseract_version())
        self._modes = f"--psm {psm} --oem {options.tesseract_oem}"
        self._seconds = options.page_seconds
        self.fingerprint = fingerprint(
            engine="tesseract",
            version=self.version,
            packs={pack: _digest(_language_packs().folder / f"{pack}.traineddata") for pack in packs},
            languages=self.languages,
            psm=psm,
            oem=options.tesseract_oem,
        )
        self._try_modes(psm, options.tesseract_oem)

    def words(self, pictures: Sequence[Any], dpi: int | None = None) -> list[Word]:
        """Read pictures, all with one process; the first number of a word's key is its picture's, from 1.

        Args:
            pictures: uint8 arrays of shape (height, width, 3), channels in the order blue, green, red.

        Raises:
            RuntimeError: it took too long.
        """
        with tempfile.TemporaryDirectory(prefix="textmill-tesseract-") as folder:
            paths = [Path(folder) / f"{number}.pnm" for number in range(len(pictures))]
            for path, picture in zip(paths, pictures, strict=True):
                _write_picture(path, picture)
            listing = Path(folder) / "pictures.txt"
            listing.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
            return words_of(self._run(listing, dpi))

    def _run(self, listing: Path, dpi: int | None) -> dict[str, list[Any]]:
        import pytesseract

        table: dict[str, list[Any]] = pytesseract.image_to_data(
            str(listing),
            lang=self.languages,
            config=f"{self._modes} --dpi {dpi}" if dpi else self._modes,
            output_type=pytesseract.Output.DICT,
            timeout=self._seconds,
        )
        return table

    def _try_modes(self, psm: int, oem: int) -> None:
        import pytesseract

        if psm in _NO_TEXT_MODES:
            raise SettingsError(
                f"TEXTMILL_TESSERACT_PSM is {psm}: that mode {_NO_TEXT_MODES[psm]} and gives no text. "
                f"3 suits pages, 11 sparse text; `tesseract --help-psm` lists all."
            )
        try:
            self.words([np.full((32, 64, 3), 255, np.uint8)])
        except pytesseract.TesseractError as error:
            raise SettingsError(
                f"Tesseract refuses TEXTMILL_TESSERACT_PSM {psm} with TEXTMILL_TESSERACT_OEM {oem} for "
                f"{self.languages}: {str(error.message).strip()[:500]}"
            ) from error


class TesseractEngine:
    """Reads pages, one process per page."""

    name = "tesseract"

    def __init__(self, options: EngineOptions) -> None:
        self._tesseract = Tesseract(options, options.tesseract_psm)
        self.model = f"tesseract-{self._tesseract.version}:{self._tesseract.languages}"
        self.fingerprint = self._tesseract.fingerprint

    def read(self, page: PageImage) -> PageText:
        """Read a page; lines are Tesseract's own, in its reading order."""
        words = self._tesseract.words([page.pixels], page.dpi)
        grouped = groupby(words, key=lambda word: word.line_key)
        lines = tuple(_line(number, list(line)) for number, (_, line) in enumerate(grouped, start=1))
        return PageText(text="\n".join(line.text for line in lines), lines=lines)


class TesseractRecogniser:
    """Reads pictures of single lines, many with one process; see `LineRecogniser`.

    Every line is a picture of its own to Tesseract. Its neural network (modes 1 and, with Debian's packs, 3)
    keeps nothing from one to the next, so a line's reading does not depend on the others. The older engine
    (mode 0 and 2) adapts to what it has read, so with it a line may depend on the lines before it.
    """

    name = "tesseract"

    def __init__(self, options: EngineOptions) -> None:
        self._tesseract = Tesseract(options, _SINGLE_LINE)
        self.model = f"tesseract-{self._tesseract.version}:{self._tesseract.languages}"
        self.fingerprint = fingerprint(tesseract=self._tesseract.fingerprint, margin=_MARGIN)

    def recognise(self, pictures: Sequence[Any]) -> list[LineReading]:
        """See `LineRecogniser`."""
        readings = [LineReading("", 0.0)] * len(pictures)
        inked = [number for number, picture in enumerate(pictures) if np.ptp(picture) >= _LEAST_CONTRAST]
        for start in range(0, len(inked), _LINES_AT_ONCE):
            numbers = inked[start : start + _LINES_AT_ONCE]
            some = self._recognise_some([pictures[number] for number in numbers])
            for number, reading in zip(numbers, some, strict=True):
                readings[number] = reading
        return readings

    def _recognise_some(self, pictures: Sequence[Any]) -> list[LineReading]:
        words = self._tesseract.words([_with_margin(picture) for picture in pictures])
        by_page: dict[int, list[Word]] = {}
        for word in words:
            by_page.setdefault(word.line_key[0], []).append(word)
        return [_reading(by_page.get(number, [])) for number in range(1, len(pictures) + 1)]


def create(options: EngineOptions) -> TesseractEngine:
    """Build the engine; see `textmill.engines.create_engine`."""
    return TesseractEngine(options)


def installed_packs() -> frozenset[str]:
    """Return the names of the language packs; none where Tesseract is not installed."""
    try:
        return _language_packs().names
    except ModelsMissing:
        return frozenset()


def words_of(table: Mapping[str, Sequence[Any]]) -> list[Word]:
    """Return the words of Tesseract's table, in its order: of text that runs leftwards, rightmost first."""
    rows = zip(
        *(table[name] for name in ("page_num", "block_num", "par_num", "line_num", "text", "conf")),
        *(table[name] for name in ("left", "top", "width", "height")),
        strict=True,
    )
    return [
        Word(
            (page, block, paragraph, line),
            text.strip(),
            None if float(conf) <= _NO_CONFIDENCE else min(float(conf), 100.0) / 100,
            left,
            top,
            left + width,
            top + height,
        )
        for page, block, paragraph, line, text, conf, left, top, width, height in rows
        if text.strip()
    ]


def confidence_of(words: Iterable[Word]) -> float:
    """Return the mean confidence of words weighted by length; those without one do not count (none: 0)."""
    counted = [(len(word.text), word.confidence) for word in words if word.confidence is not None]
    weight = sum(length for length, _ in counted)
    return sum(length * confidence for length, confidence in counted) / weight if weight else 0.0


def _line(number: int, words: list[Word]) -> LineRecord:
    left, top = min(word.left for word in words), min(word.top for word in words)
    right, bottom = max(word.right for word in words), max(word.bottom for word in words)
    return LineRecord(
        line_no=number,
        text=" ".join(word.text for word in words),
        confidence=confidence_of(words),
        polygon=((left, top), (right, top), (right, bottom), (left, bottom)),
    )


def _reading(words: list[Word]) -> LineReading:
    return LineReading(" ".join(word.text for word in words), confidence_of(words))


def _write_picture(path: Path, picture: Any) -> None:
    """Write the picture as a portable pixmap: to compress it would take longer than to write it."""
    height, width = picture.shape[:2]
    path.write_bytes(b"P6 %d %d 255\n" % (width, height) + picture[:, :, ::-1].tobytes())


def _with_margin(picture: Any) -> Any:
    """Return the picture framed by the median colour of its edge."""
    picture = _bounded(picture)
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    height, width = picture.shape[0] + 2 * _MARGIN, picture.shape[1] + 2 * _MARGIN
    framed = np.empty((height, width, 3), np.uint8)
    framed[:] = np.median(edge, axis=0)
    framed[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = picture
    return framed


def _bounded(picture: Any) -> Any:
    longest = max(picture.shape[:2])
    if longest <= _LONGEST_SIDE:
        return picture
    import cv2

    height, width = (max(1, side * _LONGEST_SIDE // longest) for side in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


@lru_cache(maxsize=1)
def _language_packs() -> LanguagePacks:
    """Ask Tesseract for its language packs. pytesseract can too, but drops the folder, and loads pandas."""
    try:
        done = subprocess.run(
            [_PROGRAM, "--list-langs"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except FileNotFoundError:
        raise ModelsMissing(
            "Tesseract is not installed. On Debian and Ubuntu: apt-get install tesseract-ocr."
        ) from None
    except subprocess.SubprocessError as error:
        raise ModelsMissing(f"Tesseract does not tell its language packs: {error}") from error
    head, *names = (done.stdout or done.stderr).splitlines()
    match = _LISTING_HEAD.search(head)
    if match is None:
        raise ModelsMissing(f"Tesseract does not tell where its language packs are: {head}")
    return LanguagePacks(Path(match["folder"]), frozenset(name.strip() for name in names))


def _require_packs(languages: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(pack_of(code) for code in languages)) or ["eng"]
    missing = [pack for pack in wanted if pack not in _language_packs().names]
    if not missing:
        return wanted
    packages = " ".join(package_of(pack) for pack in missing)
    unknown = [pack for pack in missing if language_of(pack) is None]
    doubt = f" ({', '.join(unknown)}: no language that Textmill knows)" if unknown else ""
    raise ModelsMissing(
        f"Tesseract has no language pack {', '.join(missing)}{doubt} in {_language_packs().folder}. "
        f"On Debian and Ubuntu: apt-get install {packages}."
    )


@lru_cache(maxsize=16)
def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:12]
