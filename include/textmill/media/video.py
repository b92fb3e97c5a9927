"""Videos as frames at regular times. What becomes a page is decided by `textmill.video_reading`.

OpenCV's own FFmpeg decodes. All frames are decoded, since each rests on those before it, but only those that
are looked at are turned into pictures (`grab` without `retrieve`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2

from textmill.errors import DamagedVideo, TooManyPixels, VideoTooLong
from textmill.media.container_size import declared_bytes
from textmill.media.medium import MediaOptions

_LOOKS_PER_INTERVAL = 4
"""Looking costs a hundredth of reading: done this much more often, it finds what lasts half an interval."""
_SCENE_CHANGE = 12.0
"""Grey levels by which the thumbnails of two looks differ, on average, when the scene changed."""
_THUMBNAIL = (32, 18)
_USUAL_FRAME_MS = 40.0
"""Assumed where neither the container nor the frames say how long a frame is shown."""
_APPROACH_MS = 2000.0
"""Seeking aims this much earlier, and the rest of the way is decoded."""
_MISSING_SHARE = 0.1
_MISSING_MS = 10_000
"""A video that ends this much before its container says did not end by rounding: something is missing."""
_FFMPEG_OPTIONS = "protocol_whitelist;file|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"
"""Nothing but the file itself is opened: no playlists, no addresses that a file may name."""


@dataclass(frozen=True)
class Frame:
    """What a video shows at a time.

    Attributes:
        at_ms: time since the start of the video.
        pixels: uint8 array of shape (height, width, 3), channels in the order blue, green, red; upright.
        sampled: one of the frames at the interval, or the first after a scene change; the others are
            looked at besides.
    """

    at_ms: int
    pixels: Any
    sampled: bool


@dataclass(frozen=True)
class _Shown:
    """A decoded frame; `pixels` is None where it was not turned into a picture."""

    position: float
    pixels: Any | None


class Video:
    """A video opened for looking. Use as a context manager.

    Attributes:
        duration_ms: as the container says, None where it does not; as decoded once all frames are.
    """

    def __init__(self, path: Path, *, name: str, options: MediaOptions, interval_seconds: float) -> None:
        self._path = path
        self._name = name
        self._options = options
        self.step_ms = interval_seconds * 1000 / _LOOKS_PER_INTERVAL
        self._every_frame = False
        self._position = -1.0
        self._ahead: list[float | None] = []
        """The time of a frame that is decoded but not dealt with yet, if any."""
        self._capture = self._open()
        self._frame_ms = self._declared_frame_ms()
        self._declared_ms = self._declared_duration_ms()
        self.duration_ms = self._declared_ms
        self._refuse_length(self._declared_ms or 0)
        self._refuse_size()

    def __enter__(self) -> Video:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._capture.release()

    def frames(
        self,
        start_ms: int = 0,
        on_progress: Callable[[int], None] = lambda at_ms: None,
        *,
        end_ms: int | None = None,
    ) -> Iterator[Frame]:
        """Yield what is shown at each multiple of the step, from `start_ms` to before `end_ms` or to the end.

        Which frames these are does not depend on `start_ms`. `on_progress` is called for every decoded
        frame, also on the way to the start.

        Raises:
            DamagedVideo: nothing can be decoded; or, after the last frame, the video is cut off.
            VideoTooLong: it goes on for longer than the settings allow, whatever the container says.
        """
        tick = math.ceil(start_ms / self.step_ms)
        stop = math.inf if end_ms is None else math.ceil(end_ms / self.step_ms)
        if tick >= stop:
            return
        shown = self._go_to(tick * self.step_ms, on_progress)
        thumbnail = None
        while shown is not None:
            following = self._grab(on_progress)
            until = shown.position + self._frame_ms - 1 if following is None else following
            if shown.pixels is None and tick * self.step_ms < until:
                # Frames are not evenly spaced: this one is shown for longer than foreseen. Look at each.
                self._every_frame = True
                shown = self._go_to(shown.position, on_progress)
                continue
            while tick * self.step_ms < until:
                if tick >= stop:
                    return
                frame, thumbnail = self._frame(tick, shown.pixels, thumbnail)
                yield frame
                tick += 1
            shown = None if following is None else self._shown(following, tick * self.step_ms)
        self._end()

    def _open(self) -> Any:
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = _FFMPEG_OPTIONS
        patience = math.ceil(self._options.page_timeout_seconds * 1000)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, patience, cv2.CAP_PROP_READ_TIMEOUT_MSEC, patience]
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG, [*limits, cv2.CAP_PROP_N_THREADS, 1])
        if not capture.isOpened():
            raise DamagedVideo(
                f"{self._name} cannot be opened as a video: {self._cut_off() or 'it is damaged'}, has no "
                f"picture, or a codec that is not known. Copy it again, or convert it."
            )
        return capture

    def _declared_frame_ms(self) -> float:
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        return 1000 / rate if math.isfinite(rate) and 1 <= rate <= 1000 else _USUAL_FRAME_MS

    def _declared_duration_ms(self) -> int | None:
        rate = float(self._capture.get(cv2.CAP_PROP_FPS))
        frames = float(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if not (math.isfinite(rate) and math.isfinite(frames) and rate > 0 and frames > 0):
            return None
        return round(frames / rate * 1000)

    def _refuse_length(self, milliseconds: float) -> None:
        longest = self._options.max_video_seconds
        if milliseconds > longest * 1000:
            raise VideoTooLong(
                f"{self._name} lasts {milliseconds / 1000:,.0f} s or longer; "
                f"TEXTMILL_MAX_VIDEO_SECONDS allows {longest:,.0f}."
            )

    def _refuse_size(self) -> None:
        width, height = (
            int(self._capture.get(prop)) for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if width * height > self._options.max_pixels:
            raise TooManyPixels(
                f"{self._name}: frames of {width:,} x {height:,} pixels are more than the "
                f"{self._options.max_pixels:,} that TEXTMILL_MAX_PIXELS allows."
            )

    def _go_to(self, position: float, on_progress: Callable[[int], None]) -> _Shown | None:
        """Decode up to the frame that is shown at `position` and return it."""
        if position > _APPROACH_MS:
            self._capture.set(cv2.CAP_PROP_POS_MSEC, position - _APPROACH_MS)
            self._position = -1.0
            self._ahead = []
            first = self._grab(on_progress)
            if first is None or first > position:
                self._reopen()  # this container cannot be sought in: decode all of it
                first = self._grab(on_progress)
        else:
            self._reopen()
            first = self._grab(on_progress)
        if first is None:
            raise DamagedVideo(f"{self._name}: no frame can be decoded. Copy it again, or convert it.")
        return self._approach(first, position, on_progress)

    def _approach(self, first: float, position: float, on_progress: Callable[[int], None]) -> _Shown | None:
        shown = self._shown(first, position)
        while True:
            following = self._grab(on_progress)
            if following is None or following > position:
                break
            shown = self._shown(following, position)
        if shown.pixels is None:  # it is shown for longer than foreseen
            self._every_frame = True
            return self._go_to(position, on_progress)
        self._ahead = [following]
        return shown

    def _reopen(self) -> None:
        self._capture.release()
        self._capture = self._open()
        self._position = -1.0
        self._ahead = []

    def _grab(self, on_progress: Callable[[int], None]) -> float | None:
        """Decode the next frame and return its time in milliseconds, or None behind the last one."""
        if self._ahead:
            return self._ahead.pop()
        if not self._capture.grab():
            return None
        stated = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        if not math.isfinite(stated) or stated <= self._position:
            stated = 0.0 if self._position < 0 else self._position + self._frame_ms
        self._position = max(stated, 0.0)
        self._refuse_length(self._position)
        on_progress(round(self._position))
        return self._position

    def _shown(self, position: float, wanted: float) -> _Shown:
        """Turn the frame just decoded into a picture if it may be the one shown at `wanted`."""
        if not self._every_frame and position + 1.5 * self._frame_ms < wanted:
            return _Shown(position, None)
        retrieved, pixels = self._capture.retrieve()
        if not retrieved:
            raise DamagedVideo(
                f"{self._name}: the frame at {position / 1000:,.1f} s cannot be turned into a picture. What "
                f"is shown before was read, what comes after was not. Convert the video."
            )
        return _Shown(position, pixels)

    def _frame(self, tick: int, pixels: Any, before: Any | None) -> tuple[Frame, Any]:
        thumbnail = cv2.cvtColor(
            cv2.resize(pixels, _THUMBNAIL, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY
        )
        changed = before is not None and float(cv2.absdiff(thumbnail, before).mean()) > _SCENE_CHANGE
        sampled = changed or tick % _LOOKS_PER_INTERVAL == 0
        return Frame(round(tick * self.step_ms), pixels, sampled), thumbnail

    def _end(self) -> None:
        end = round(self._position + self._frame_ms)
        self.duration_ms = end
        missing = (self._declared_ms or 0) - end
        complaint = self._cut_off()
        if complaint is None and missing > max(_MISSING_MS, _MISSING_SHARE * (self._declared_ms or 0)):
            complaint = f"its container promises {missing / 1000:,.0f} s more than can be decoded"
        if complaint is not None:
            raise DamagedVideo(
                f"{self._name}: {complaint}. What is shown up to {end / 1000:,.1f} s was read, what may come "
                f"after it was not. Copy it again, or convert it."
            )

    def _cut_off(self) -> str | None:
        declared, there = declared_bytes(self._path), self._path.stat().st_size
        if declared is None or declared <= there:
            return None
        return f"the file is cut off ({there:,} of {declared:,} bytes are there)"
