"""Under which account the database servers run."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stack.errors import StackError

ACCOUNT = "textmill"
_MAY_PASS_FOLDERS = ("dac_read_search", "dac_override")
"""Capabilities that let a process through private folders, the smaller first: containers often lack it."""


@dataclass(frozen=True)
class ServerAccount:
    """How to start a program as the account that owns a server's files."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None
    has_capability: bool = False

    def own(self, path: Path) -> None:
        """Hand a file or folder to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def server_account(folder: Path) -> ServerAccount:
    """The account for a server whose files lie in `folder`, which is created and handed over.

    MariaDB and PostgreSQL should not, and PostgreSQL does not, run as root. For root they run as a
    system account of their own; for everybody else as that person. When the project lies below a
    folder that the system account may not enter (/root, a private temporary folder), the server
    gets the one capability to pass through folders, and no other.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() != 0:
        return ServerAccount()
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise StackError(f"The system account {ACCOUNT!r} is missing: `make setup` creates it.") from None
    if shutil.which("setpriv") is None:
        raise StackError("The program setpriv is missing: install the package util-linux.")
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    base = ("setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    for capability in (None, *_MAY_PASS_FOLDERS):
        keep = (f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}") if capability else ()
        prefix = (*base, *keep, "--")
        if _can_enter(prefix, folder):
            return ServerAccount(prefix, entry.pw_uid, entry.pw_gid, has_capability=capability is not None)
    raise StackError(
        f"The account {ACCOUNT!r}, which runs the database servers, cannot reach {folder}: move the project "
        "to a folder that others may enter (for example /srv/textmill), or set TEXTMILL_STATE to one."
    )


def _can_enter(prefix: tuple[str, ...], folder: Path) -> bool:
    # Really going there: access(2), which `test -x` asks, ignores the capability.
    listing = [*prefix, "ls", "-a", str(folder)]
    return subprocess.run(listing, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
