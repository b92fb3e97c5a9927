"""Whether a service is well: `python -m containers.health worker ocr`. Exits with 1 and a sentence when not.

Asked every half a minute of each service, so it is light: Airflow's own commands would import Airflow, which
costs more of a core than some services need to run.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from contextlib import closing

from containers import places, probes
from containers.probes import NotReady

_MOST_SECONDS = 30.0
"""As `[scheduler] scheduler_health_check_threshold` and its like for the others."""
_PATIENCE_SECONDS = 5.0
_JOBS = {"scheduler": "SchedulerJob", "dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}


def main(arguments: Sequence[str]) -> int:
    """Check one service of this container."""
    service, *queues = arguments
    try:
        if service == "api-server":
            _check_api_server()
        elif service == "worker":
            _check_worker(set(queues))
        else:
            _check_job(_JOBS[service])
    except Exception as error:  # whatever it is, it is what the health log of the container shall say
        print(f"{service} is not well: {error}")
        return 1
    return 0


def _check_api_server() -> None:
    """It answers, and reaches the metadata database."""
    if probes.airflow_health("http://127.0.0.1:8080")["metadatabase"]["status"] != "healthy":
        raise NotReady("it does not reach its database")


def _check_job(job: str) -> None:
    """Its main loop came around: that, and not a thread beside it, writes the heartbeat."""
    age = probes.heartbeat_age(job, socket.gethostname())
    if age > _MOST_SECONDS:
        raise NotReady(f"its last heartbeat was {age:.0f} s ago")


def _check_worker(queues: set[str]) -> None:
    """It answers through the broker, and takes tasks from these queues.

    The question goes the way that tasks go, and the worker's main loop answers it. A worker that lost its
    connection, hangs, or was told to stop does not answer.
    """
    from kombu import Connection
    from kombu.pidbox import Mailbox

    node = f"celery@{socket.gethostname()}"
    url = places.secret(places.BROKER, "url")
    patience = {"socket_timeout": _PATIENCE_SECONDS, "socket_connect_timeout": _PATIENCE_SECONDS}
    with closing(Connection(url, transport_options=patience)) as connection:
        # The name and the kind that Celery gives the mailbox of its remote control.
        mailbox = Mailbox("celery", type="fanout", accept=["json"])(connection)
        answers = mailbox.call([node], "active_queues", timeout=_PATIENCE_SECONDS)
    served = {queue["name"] for answer in answers or () for queue in answer.get(node) or ()}
    if not answers:
        raise NotReady(f"{node} does not answer")
    if not queues <= served:
        missing = ", ".join(sorted(queues - served))
        raise NotReady(f"{node} does not take tasks from {missing}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
