"""Whether staging area, checkpoints and warehouse agree. Reads everything, changes nothing but its own books.

A rule says what must hold and what to do where it does not. Most are one SQL statement, which sees the
warehouse at one moment; those that walk through files leave out runs that go on, and look a second time.
"""

from textmill.auditing.auditor import Report, audit
from textmill.auditing.rule import Audited, Finding

__all__ = ["Audited", "Finding", "Report", "audit"]
