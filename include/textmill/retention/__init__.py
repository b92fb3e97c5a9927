"""What is kept for a time and then removed: staging files, copies, reports, old books, closed entries.

Each kind has a module that says what is still needed. Whether something is needed is asked once to find what
may go, and once more, under a lock, right before it goes.
"""

from textmill.retention.cleaning import clean
from textmill.retention.periods import Periods
from textmill.retention.removed import Removed

__all__ = ["Periods", "Removed", "clean"]
