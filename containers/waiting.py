"""Wait for what may come up in any order, and say for what, without filling the log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

_PAUSE_SECONDS = 1.0
_REMINDER_SECONDS = 30.0


def wait_until(works: Callable[[], object], what: str) -> None:
    """Call a function until it raises nothing.

    There is no limit: whoever started the service sees from its log and its health what it waits for, and may
    end it at any time. A service that gave up would only be started again.

    Args:
        works: raises while that for which it stands is not there.
        what: for what one waits, as the end of a sentence.
    """
    began = said = time.monotonic()
    reason = ""
    while True:
        try:
            works()
        except Exception as error:  # of a dozen client libraries, and an address may be wrong in as many ways
            now = time.monotonic()
            first = not reason
            reason = _first_line(error)
            if first or now - said > _REMINDER_SECONDS:
                _say(f"Waiting for {what} ({reason})")
                said = now
            time.sleep(_PAUSE_SECONDS)
        else:
            if reason:
                _say(f"Waited {time.monotonic() - began:.0f} s for {what}.")
            return


def _say(sentence: str) -> None:
    # In one piece: print() writes the end of the line by itself, and another service's line comes between.
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def _first_line(error: Exception) -> str:
    """What an error says, without the address in it: no client of ours puts a password elsewhere."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]
