"""Archives as streams of members, read within limits.

Nothing is written under a member's own name: a member is a stream of bytes, and goes into the content store
by its hash. The limits hold for what comes out, never for what an archive says about itself.
"""

from textmill.fetching.archives.budget import ArchiveLimits, Budget, CannotGoOn
from textmill.fetching.archives.members import Member
from textmill.fetching.archives.opening import open_archive

__all__ = ["ArchiveLimits", "Budget", "CannotGoOn", "Member", "open_archive"]
