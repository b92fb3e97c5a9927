"""What a labelled page is, before and after it was read.

Standard library and the core's records only: pages are made in the OCR environment and judged in Airflow's.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from textmill.records import PageRecord

Half = Literal["tuned", "held out"]


@dataclass(frozen=True)
class Specimen:
    """A picture that is going to be read.

    Attributes:
        name: unique, and what random numbers are seeded with.
        base: the page it was made from: all that was made from one page is in one half.
        flaw: what was done to it, empty for a good page.
        draw: returns the pixels, uint8 of shape (height, width, 3), channels red, green, blue.
        truth: the text that stands on it; None where nobody knows or none does.
    """

    name: str
    base: str
    flaw: str
    draw: Callable[[], Any]
    truth: str | None = None
    languages: tuple[str, ...] = ("en",)
    preprocessing: str = "auto"
    tags: tuple[str, ...] = field(default=())


class LabelledPage(BaseModel):
    """A page as it was read or made, with its label.

    Attributes:
        altered: measures that a valid record cannot have.
        pages_settled, page_count: of its medium.
        word_f1: of what was read against what stands on the page.
    """

    name: str
    base: str
    flaw: str
    languages: tuple[str, ...]
    page: PageRecord
    pages_settled: int = 1
    page_count: int | None = 1
    word_f1: float | None = None
    altered: dict[str, float] = {}

    @property
    def half(self) -> Half:
        """Which half it belongs to, by the page it was made from."""
        return "tuned" if seed_of(self.base) % 2 else "held out"


def seed_of(name: str) -> int:
    """Return a number that a name always gives; another one for another `TEXTMILL_BENCH_SEED`."""
    salted = os.environ.get("TEXTMILL_BENCH_SEED", "") + name
    return int.from_bytes(hashlib.sha256(salted.encode()).digest()[:4], "big")


def sha256_of(name: str) -> str:
    """Return what stands for the content of a medium of this name."""
    return hashlib.sha256(name.encode()).hexdigest()
