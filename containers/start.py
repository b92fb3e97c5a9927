"""Wait for what a service needs, then become it: `python -m containers.start scheduler`.

What is waited for is asked of the thing itself and not of whoever starts containers: after a reboot no
program is there that would start them in an order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from containers import places, probes
from containers.waiting import wait_until

_PREPARED = (probes.prepared, "the service init")
_BROKER = (probes.broker_answers, "the broker")
_API_SERVER = (probes.api_server_answers, "the api-server")

NEEDS: dict[str, tuple[tuple[Callable[[], object], str], ...]] = {
    "api-server": (_PREPARED,),
    "scheduler": (_PREPARED, _BROKER),
    "dag-processor": (_PREPARED,),
    "triggerer": (_PREPARED,),
    # A worker knows no database of Airflow: where the api-server answers, all is set up.
    "worker": (_BROKER, _API_SERVER),
}
"""What each service waits for, one after the other."""

# The api-server reads the files of task logs on a volume that they share, or the object store.
_NO_LOG_SERVER = "--skip-serve-logs"
_COMMANDS: dict[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", _NO_LOG_SERVER),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", _NO_LOG_SERVER),
    # Workers have nothing to tell each other.
    "worker": ("celery", "worker", _NO_LOG_SERVER, "--without-gossip", "--without-mingle"),
}


def main(arguments: Sequence[str]) -> None:
    """Wait, then become the service; arguments after its name are handed on."""
    if not arguments or arguments[0] not in NEEDS:
        sys.exit(f"The service is one of {', '.join(NEEDS)}, not {' '.join(arguments) or 'nothing'}.")
    service, *further = arguments
    for works, what in NEEDS[service]:
        wait_until(works, what)
    if service == "api-server":
        _write_passwords()
    if service == "worker" and os.environ.get("TEXTMILL_OCR_QUEUE", "ocr") in further:
        _tune()
    sys.stdout.flush()
    command = [sys.executable, "-m", "airflow", *_COMMANDS[service], *further]
    os.execv(sys.executable, command)  # noqa: S606 - no shell


def _write_passwords() -> None:
    """Write the password file of Airflow's simple auth manager, which wants to write to it too."""
    named = os.environ.get("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE")
    if not named:
        return  # another auth manager
    file = Path(named)
    file.touch(mode=0o600)
    file.write_text(json.dumps({places.ADMIN: places.secret(places.UI, "admin_password")}) + "\n")


def _tune() -> None:
    """Measure how the networks are best computed here, if a file is named in which to keep it.

    Not otherwise: what is measured on a busy machine may differ from one start to the next, and pages that
    are computed in another way have another fingerprint.
    """
    if not os.environ.get("TEXTMILL_TUNING_FILE"):
        return
    python = os.environ.get("TEXTMILL_OCR_PYTHON", sys.executable)
    command = [python, "-m", "textmill.engines.tuning"]
    # A worker that could not be measured computes as its processor goes; why is in its log.
    subprocess.run(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False)


if __name__ == "__main__":
    main(sys.argv[1:])
