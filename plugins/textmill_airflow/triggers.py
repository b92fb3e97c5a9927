"""What the triggerer waits for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from textmill.errors import SourceError
from textmill.sources.inbox import InboxWatch, survey

LOG = logging.getLogger(__name__)

_SHARE_OF_TIME = 20


class FolderTrigger(BaseEventTrigger):
    """Fires once per burst of new or changed files in a folder, when they have come to rest.

    It looks at the folder every few seconds, in a thread: network drives have no notifications to wait for,
    and a slow one must not hold up the triggerer. A large folder is looked at less often, so that looking
    takes a twentieth of the time at most.

    After a restart of the triggerer it fires once if anything lies there: nothing is lost, and the run that
    it starts finds unchanged what was read before.

    Args:
        folder: an absolute path.
        quiet_seconds: how long nothing may change before the files count as written.
        poll_seconds: the time between two looks.
    """

    def __init__(self, *, folder: str, quiet_seconds: float, poll_seconds: float = 2.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.folder = folder
        self.quiet_seconds = quiet_seconds
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what Airflow makes this trigger from again."""
        return (
            "textmill_airflow.triggers.FolderTrigger",
            {
                "folder": self.folder,
                "quiet_seconds": self.quiet_seconds,
                "poll_seconds": self.poll_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event per burst, with the folder and the number of its new files, for ever."""
        watch = InboxWatch(quiet_seconds=self.quiet_seconds)
        trouble = ""
        while True:
            began = time.monotonic()
            try:
                news = await asyncio.to_thread(self._look, watch)
            except SourceError as error:
                if str(error) != trouble:
                    trouble = str(error)
                    LOG.warning(trouble)
            else:
                if trouble:
                    trouble = ""
                    LOG.info("The inbox %s can be listed again.", self.folder)
                if news:
                    LOG.info("%d new or changed files lie in the inbox %s.", news, self.folder)
                    yield TriggerEvent({"folder": self.folder, "files": news})  # type: ignore[no-untyped-call]
            await asyncio.sleep(max(self.poll_seconds, _SHARE_OF_TIME * (time.monotonic() - began)))

    def _look(self, watch: InboxWatch) -> int:
        found = survey(Path(self.folder), stable_seconds=self.quiet_seconds)
        return watch.take(found, time.monotonic())
