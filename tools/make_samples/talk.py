"""A talk made by a program, with what can be read in it and when: slides, a terminal, captions, a speaker.

Everything that a recorded talk does to text is in it: a title, a slide that builds up bullet by bullet, a
terminal that scrolls, captions over a slide that stands still, and beside it all a speaker who moves and is
no text. Runs in the OCR environment.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tools.make_samples.faces import Face

WIDTH, HEIGHT = 1280, 720
_INK = (28, 34, 46)
_PAPER = (246, 244, 238)
_DARK = (18, 20, 24)
_GREEN = (196, 226, 196)
_WHITE = (250, 250, 250)


@dataclass(frozen=True)
class Words:
    """A line that can be seen for a time.

    Attributes:
        x, y: of its top left corner, in pixels.
        start_s, end_s: when it can be seen.
        boxed: on a dark box of its own, as captions are.
        rolls: pixels per second by which it moves up.
    """

    text: str
    x: int
    y: int
    size: int
    start_s: float
    end_s: float
    colour: tuple[int, int, int] = _INK
    face: Face = Face.SANS
    boxed: bool = False
    rolls: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A stretch of the talk with one background."""

    start_s: float
    end_s: float
    background: tuple[int, int, int]
    words: tuple[Words, ...]
    speaker: bool = True
    fade_s: float = 0.0
    busy: bool = False


@dataclass(frozen=True)
class Talk:
    """Scenes, one after the other."""

    scenes: tuple[Scene, ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return max(scene.end_s for scene in self.scenes)

    def truth(self) -> list[Words]:
        """Every line that is shown, once for each stretch in which it can be seen, in order of time."""
        shown: dict[tuple[str, int], Words] = {}
        for number, scene in enumerate(self.scenes):
            for words in scene.words:
                key = (words.text, number if not words.boxed else -1 - int(words.start_s * 1000))
                before = shown.get(key)
                shown[key] = words if before is None else replace(before, end_s=words.end_s)
        return sorted(shown.values(), key=lambda words: words.start_s)


def default_talk(*, fade_s: float = 0.0, busy: bool = False, scale: float = 1.0) -> Talk:
    """Return the talk of 60 s that figures are given for.

    Args:
        fade_s: how long scenes take to appear and to vanish.
        busy: whether something moves behind the text.
        scale: of the letters.
    """
    scenes = (_title(0, 6), _bullets(6, 20), _terminal(20, 36), _captioned(36, 53), _closing(53, 60))
    return Talk(
        tuple(
            replace(
                scene,
                fade_s=fade_s,
                busy=busy,
                words=tuple(replace(words, size=round(words.size * scale)) for words in scene.words),
            )
            for scene in scenes
        )
    )


def write_video(talk: Talk, path: Path, *, codec: str = "mp4v", fps: float = 15.0, shrink: int = 1) -> None:
    """Encode a talk.

    Args:
        codec: four letters that OpenCV's FFmpeg has an encoder for.
        shrink: by how much width and height are divided; small pictures lose more in encoding.

    Raises:
        RuntimeError: there is no such encoder.
    """
    size = (WIDTH // shrink, HEIGHT // shrink)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, size)
    if not writer.isOpened():
        raise RuntimeError(f"OpenCV cannot write {codec} into {path.name}.")
    for frame in frames(talk, fps):
        writer.write(frame if shrink == 1 else cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    writer.release()


def frames(talk: Talk, fps: float) -> Iterator[Any]:
    """Draw a talk, frame by frame, as uint8 arrays of shape (HEIGHT, WIDTH, 3) in blue, green, red."""
    for number in range(round(talk.seconds * fps)):
        at = number / fps
        scene = next(one for one in talk.scenes if one.start_s <= at < one.end_s)
        yield _draw(scene, at)


def _draw(scene: Scene, at: float) -> Any:
    visible = tuple(words for words in scene.words if words.start_s <= at < words.end_s)
    still = tuple(words for words in visible if not words.rolls)
    rolling = [replace(w, y=round(w.y - w.rolls * (at - w.start_s)), rolls=0) for w in visible if w.rolls]
    letters, mask = _letters(still) if not rolling else _letters.__wrapped__((*still, *rolling))
    picture = _moving_ground(scene, at) if scene.busy else _ground(scene.background).copy()
    if scene.speaker:
        _draw_speaker(picture, at)
    picture = np.where(mask, letters, picture)
    if scene.fade_s:
        strength = min(1.0, (at - scene.start_s) / scene.fade_s, (scene.end_s - at) / scene.fade_s)
        picture = (picture * strength).astype(np.uint8)
    return picture[:, :, ::-1]


@cache
def _ground(colour: tuple[int, int, int]) -> Any:
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def _moving_ground(scene: Scene, at: float) -> Any:
    """Return soft stripes that drift: what a filmed background does behind text."""
    x = np.arange(WIDTH)[None, :]
    y = np.arange(HEIGHT)[:, None]
    wide, high = 24 * np.sin(x / 37 + at * 1.7), 18 * np.sin(y / 23 - at * 2.3)
    waves = wide + high + 14 * np.sin((x + y) / 11 + at * 5)
    return np.clip(np.array(scene.background) * 0.85 + waves[:, :, None], 0, 255).astype(np.uint8)


@cache
def _letters(words: tuple[Words, ...]) -> tuple[Any, Any]:
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    mask = Image.new("L", (WIDTH, HEIGHT))
    for one in words:
        font = ImageFont.truetype(str(one.face.path), one.size)
        box = ImageDraw.Draw(mask).textbbox((one.x, one.y), one.text, font=font)
        grown = (box[0] - 12, box[1] - 8, box[2] + 12, box[3] + 8)
        if one.boxed:
            ImageDraw.Draw(picture).rectangle(grown, fill=(0, 0, 0))
            ImageDraw.Draw(mask).rectangle(grown, fill=255)
        else:  # the colour under soft edges is the letter's own
            ImageDraw.Draw(mask).text((one.x, one.y), one.text, font=font, fill=255)
        ImageDraw.Draw(picture).text((one.x, one.y), one.text, font=font, fill=one.colour)
    return np.asarray(picture), (np.asarray(mask) > 110)[:, :, None]


def _draw_speaker(picture: Any, at: float) -> None:
    """Draw a head and shoulders with some pattern that sway and nod."""
    x = round(1120 + 26 * math.sin(at * 1.3))
    y = round(300 + 12 * math.sin(at * 2.9))
    cv2.ellipse(picture, (x, y + 270), (130, 190), 0, 0, 360, (70, 84, 120), -1)
    for stripe in range(-90, 91, 30):
        cv2.line(picture, (x + stripe, y + 140), (x + stripe + 12, y + 400), (130, 140, 170), 5)
    cv2.circle(picture, (x, y), 74, (205, 170, 148), -1)
    for eye in (-26, 26):
        cv2.circle(picture, (x + eye, y - 14), 8, (50, 40, 40), -1)
    mouth = round(4 + 9 * abs(math.sin(at * 7)))
    cv2.ellipse(picture, (x, y + 34), (22, mouth), 0, 0, 360, (120, 50, 50), -1)


def _title(start: float, end: float) -> Scene:
    return Scene(
        start,
        end,
        _PAPER,
        (
            Words("Reading the harbour logbooks", 90, 180, 54, start, end, face=Face.SANS_BOLD),
            Words("What a century of handwriting tells us", 90, 270, 34, start, end),
            Words("Marguerite Oduya, Department of Records", 90, 560, 26, start, end),
        ),
    )


def _bullets(start: float, end: float) -> Scene:
    bullets = (
        "Forty crates arrived without a catalogue",
        "Every page was photographed twice",
        "Water damage hides one line in nine",
        "Dates are written in three calendars",
    )
    steps = [start, start + 3, start + 6, start + 9]
    return Scene(
        start,
        end,
        _PAPER,
        (
            Words("Where the difficulties began", 90, 70, 46, start, end, face=Face.SANS_BOLD),
            *(
                Words(f"• {bullet}", 110, 190 + 90 * number, 32, when, end)
                for number, (bullet, when) in enumerate(zip(bullets, steps, strict=True))
            ),
            Words("Harbour Archive 2024", 90, 660, 20, start, end),
        ),
    )


_LOG = (
    "opening crate seventeen",
    "scanner warmed up in nine seconds",
    "page upright, skew corrected",
    "found merchant ledger of Valparaiso",
    "ink is faded near the spine",
    "copied thirteen pictures to the vault",
    "checksum agrees with the register",
    "missing corner on folio twenty",
    "calendar switched to Julian dates",
    "captain signs as Brandt the younger",
    "cargo lists copper and guano",
    "weather column left empty",
    "second copy sent to Rotterdam",
    "operator paused for tea",
    "resumed after six minutes",
    "blurred picture taken again",
    "binding loose, handled with care",
    "duplicate of crate eleven skipped",
    "margin note in violet pencil",
    "harbour fees doubled that winter",
    "pilot boat named Esperanza",
    "customs stamp over the total",
    "reading order set to columns",
    "nothing legible on the cover",
    "crate seventeen is finished",
    "opening crate eighteen",
    "labels peeled off in transit",
    "lighthouse keeper listed as witness",
    "tonnage written in words",
    "two leaves glued together",
    "separated with steam and patience",
    "vault has ample room left",
)


def _terminal(start: float, end: float) -> Scene:
    """Print a line every so often; when the window is full, everything moves up by one line."""
    rows, pitch, first_y = 14, 38, 96
    every = (end - start - 1.5) / len(_LOG)
    words: list[Words] = [Words("Terminal: archive scanner", 90, 36, 24, start, end, _WHITE, Face.SANS_BOLD)]
    for tick in range(len(_LOG)):
        since, until = start + tick * every, start + (tick + 1) * every if tick + 1 < len(_LOG) else end
        first = max(0, tick + 1 - rows)
        for row, number in enumerate(range(first, tick + 1)):
            text = f"{number + 1:02d} {_LOG[number]}"
            words.append(Words(text, 90, first_y + pitch * row, 26, since, until, _GREEN))
    return Scene(start, end, _DARK, tuple(words))


def _captioned(start: float, end: float) -> Scene:
    captions = (
        "So here is the first thing I noticed",
        "The ships never left on a Friday",
        "You can see it in every single volume",
        "And nobody had ever counted them",
    )
    times = [(start + 0.8 + 4 * number, start + 4.2 + 4 * number) for number in range(len(captions))]
    return Scene(
        start,
        end,
        _PAPER,
        (
            Words("Departures by day of the week", 90, 70, 46, start, end, face=Face.SANS_BOLD),
            Words("Monday 412    Tuesday 388    Wednesday 401", 110, 200, 30, start, end),
            Words("Thursday 395    Friday 0    Saturday 367", 110, 270, 30, start, end),
            Words("Source: port registers, 1841 to 1899, counted by hand", 110, 360, 18, start, end),
            *(
                Words(caption, 330, 620, 34, since, until, _WHITE, boxed=True)
                for caption, (since, until) in zip(captions, times, strict=True)
            ),
        ),
    )


def _closing(start: float, end: float) -> Scene:
    return Scene(
        start,
        end,
        _PAPER,
        (
            Words("Thank you for listening", 90, 200, 56, start, end, face=Face.SANS_BOLD),
            Words("Photographs and tables: archive.example/harbour", 90, 320, 28, start, end),
            Words("Questions are welcome afterwards", 90, 380, 28, start, end, face=Face.SANS_ITALIC),
        ),
    )


def word_list(lines: Sequence[str]) -> list[str]:
    """Return the words of lines, lower-case, without the marks around them."""
    words = (word.strip(".,:;•").lower() for line in lines for word in line.split())
    return [word for word in words if word]
