from __future__ import annotations
from collections.abc import Sequence
from textmill.records import LineRecord
LOW=0.8
def low_confidence(lines: Sequence[LineRecord]) -> float | None:
    n=sum(len(l.text) for l in lines)
    if not n: return None
    return 1-sum(l.confidence*len(l.text) for l in lines)/n
