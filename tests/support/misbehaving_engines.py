"""Engines that misbehave on purpose, for `engine="misbehaving_engines:NAME"`."""

from __future__ import annotations

import os
import signal
import sys
import time

from textmill.engines.protocol import EngineOptions
from textmill.page import PageImage, PageText
from textmill.records import LineRecord


class Steady:
    """Says the size of each page and its number."""

    name = "steady"
    model = "none"
    fingerprint = "steady-1"

    def read(self, page: PageImage) -> PageText:
        text = f"page {page.page_no} of {page.width} x {page.height}"
        corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        line = LineRecord(line_no=1, text=text, confidence=0.9, polygon=corners)
        return PageText(text=text, lines=(line,))


class Slow(Steady):
    """Takes its time over each page."""

    def read(self, page: PageImage) -> PageText:
        time.sleep(0.2)
        return super().read(page)


class CrashesOnSecondPage(Steady):
    """Takes the process down on page 2, as a fault in native code would."""

    def read(self, page: PageImage) -> PageText:
        if page.page_no == 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().read(page)


class RaisesOnSecondPage(Steady):
    """Raises on page 2."""

    def read(self, page: PageImage) -> PageText:
        if page.page_no == 2:
            raise RuntimeError("ort: shape mismatch")
        return super().read(page)


class HangsOnSecondPage(Steady):
    """Never returns from page 2."""

    def read(self, page: PageImage) -> PageText:
        if page.page_no == 2:
            time.sleep(3600)
        return super().read(page)


class EatsMemory(Steady):
    """Asks for far more memory than a page may."""

    def read(self, page: PageImage) -> PageText:
        return PageText(text=str(len(bytearray(64 * 1024**3))), lines=())


class PrintsRubbish(Steady):
    """Writes to standard output, as libraries do, also past Python."""

    def read(self, page: PageImage) -> PageText:
        sys.stdout.write("Creating model: PP-OCRv6\n")
        os.write(1, b"\xff\xfe native chatter\n")
        return super().read(page)


def steady(options: EngineOptions) -> Steady:
    return Steady()


def slow(options: EngineOptions) -> Slow:
    return Slow()


def crashing(options: EngineOptions) -> CrashesOnSecondPage:
    return CrashesOnSecondPage()


def raising(options: EngineOptions) -> RaisesOnSecondPage:
    return RaisesOnSecondPage()


def hanging(options: EngineOptions) -> HangsOnSecondPage:
    return HangsOnSecondPage()


def hungry(options: EngineOptions) -> EatsMemory:
    return EatsMemory()


def chatty(options: EngineOptions) -> PrintsRubbish:
    return PrintsRubbish()


class FindsNothing(Steady):
    """Sees no text anywhere."""

    def read(self, page: PageImage) -> PageText:
        return PageText(text="", lines=())


def mute(options: EngineOptions) -> FindsNothing:
    return FindsNothing()
