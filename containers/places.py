"""Where containers find each other, and the secrets that are mounted into them.

Each folder of secrets is a volume of its own, mounted only into the services named in `docker-compose.yaml`:
a worker, which opens files that strangers made, sees those of the broker and no others.
"""

from __future__ import annotations

import os
from pathlib import Path

SECRETS = Path(os.environ.get("TEXTMILL_SECRETS_DIR", "/run/secrets"))

METADATA = "metadata"
BROKER = "broker"
WAREHOUSE = "warehouse"
AIRFLOW = "airflow"
UI = "ui"

METADATA_HOST, METADATA_PORT, METADATA_ACCOUNT, METADATA_DATABASE = "postgres", 5432, "airflow", "airflow"
BROKER_HOST, BROKER_PORT = "redis", 6379
WAREHOUSE_HOST, WAREHOUSE_PORT, WAREHOUSE_DATABASE = "warehouse", 3306, "textmill"
LOADER, ANALYST, ADMIN = "textmill", "analyst", "admin"


def secret(audience: str, name: str) -> str:
    """Return a secret. Never log it, never hand it to another process but by a file or a pipe.

    Raises:
        FileNotFoundError: it was not generated yet, or is not mounted here.
    """
    return (SECRETS / audience / name).read_text(encoding="utf-8").strip()
