"""A bound on the memory of this process."""

from __future__ import annotations

import resource
from pathlib import Path

from textmill.settings import Settings


def limit_memory(settings: Settings) -> None:
    """Bound the address space: a hostile page fails with MemoryError instead of starving the machine."""
    pages_mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    now = pages_mapped * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + settings.worker_memory_mb * 1024**2,) * 2)
