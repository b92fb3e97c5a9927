"""An order to stop that is carried out where nothing is lost by it."""

from __future__ import annotations

import signal
from types import FrameType


class StopOrder:
    """Whether this process was sent SIGTERM since it began to listen.

    Only Python code sees the order: a call into native code goes on to its end, and so does a page.
    """

    def __init__(self) -> None:
        self._given = False

    def listen(self) -> None:
        """Take SIGTERM for an order from now on; before, it ends the process."""
        signal.signal(signal.SIGTERM, self._take)

    def __call__(self) -> bool:
        """Tell whether the order was given."""
        return self._given

    def _take(self, number: int, frame: FrameType | None) -> None:
        self._given = True
