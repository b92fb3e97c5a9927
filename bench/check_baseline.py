"""What reading cost when somebody was content with it, and whether it costs more now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Conditions:
    """What costs depend on besides the code: figures are compared only where all of it is the same.

    Attributes:
        cpu: the processor's name.
        meter: what is counted.
        precision: of Textmill's networks, as it was asked for.
    """

    cpu: str
    meter: str
    precision: str


@dataclass(frozen=True)
class Baseline:
    """Costs of sets of pages, as shares of what stock PaddleOCR spends on its pages."""

    conditions: Conditions
    ratios: Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """Sentences about what changed by more than the tolerance."""

    slower: Sequence[str]
    faster: Sequence[str]


def judge(now: Baseline, before: Baseline, tolerance: float) -> Verdict:
    """Compare costs.

    Args:
        tolerance: share by which a cost may differ and count as the same.
    """
    slower, faster = [], []
    for name, ratio in now.ratios.items():
        known = before.ratios.get(name)
        if known is None:
            continue
        change = ratio / known - 1
        figures = (
            f"{ratio:.3f} of what stock PaddleOCR spends, {known:.3f} in the baseline: {abs(change):.0%} "
            f"{'more' if change > 0 else 'less'} {now.conditions.meter} (tolerance {tolerance:.0%})"
        )
        if change > tolerance:
            slower.append(f"Reading the set {name} got slower: it costs {figures}.")
        elif change < -tolerance:
            faster.append(f"Reading the set {name} got faster: it costs {figures}.")
    return Verdict(slower, faster)


def load(path: Path) -> list[Baseline]:
    """Return all baselines of a file; none where there is no file."""
    if not path.exists():
        return []
    document = json.loads(path.read_text(encoding="utf-8"))
    return [Baseline(Conditions(**one["conditions"]), one["ratios"]) for one in document["baselines"]]


def find(baselines: Sequence[Baseline], conditions: Conditions) -> Baseline | None:
    """Return the baseline that was measured under the same conditions."""
    return next((one for one in baselines if one.conditions == conditions), None)


def save(path: Path, baseline: Baseline) -> None:
    """Write a baseline in the place of the one under the same conditions; others stay."""
    others = [one for one in load(path) if one.conditions != baseline.conditions]
    ranked = sorted([*others, baseline], key=lambda one: tuple(asdict(one.conditions).values()))
    document = json.dumps({"baselines": [asdict(one) for one in ranked]}, indent=2, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document + "\n", encoding="utf-8")
