"""When a batch as a whole is unfit: so many of its pages are quarantined that something else is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from textmill.quality.checks import EXPLANATIONS, Check
from textmill.records import Outcome, PageVerdict
from textmill.settings import Settings

_WHAT_BECOMES_OF_THE_REST = {
    "load": "its good pages are loaded",
    "hold": "its good pages are held back (TEXTMILL_QUALITY_BATCH_GOOD_PAGES) until its task validate is "
    "cleared with other settings",
}


def problem_of(verdicts: Sequence[PageVerdict], settings: Settings) -> str | None:
    """Return why a batch fails, as a half-sentence, or None if it does not."""
    refused = [one for one in verdicts if one.outcome is Outcome.QUARANTINED]
    count = len(verdicts)
    if count < settings.quality_batch_pages or len(refused) <= settings.quality_batch_share * count:
        return None
    ((check, _),) = Counter(one.checks[0] for one in refused).most_common(1)
    return (
        f"the quality gate quarantined {len(refused):,} of its {count:,} pages "
        f"({100 * len(refused) / count:.3g} %; limit {100 * settings.quality_batch_share:.3g} %, "
        f"TEXTMILL_QUALITY_BATCH_SHARE), most of them because {EXPLANATIONS[Check(check)]} ({check}); "
        f"{_WHAT_BECOMES_OF_THE_REST[settings.quality_batch_good_pages]}"
    )
