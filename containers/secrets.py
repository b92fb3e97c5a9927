"""Generate every secret on the first start: `python -m containers.secrets`.

One file each, in one folder per audience. What is there is never changed, so a secret of one's own is a file
that was put there before. Beside the secrets lie the forms in which programs read them (a URL, say); those
are written anew at every start.

Runs as root without any capability. A fresh volume belongs to root when a database was the first to mount it,
and else to the account of our image, whose group may write to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from containers import places
from textmill.generated_secrets import fernet_key, password, signing_key

_GROUP_MAY_READ = 0o440
"""The accounts of all our images have group 0, those of the databases start as root."""
_GROUP_MAY_ENTER = 0o750

GENERATED: Mapping[str, Mapping[str, Callable[[], str]]] = {
    places.METADATA: {"password": password},
    places.BROKER: {"password": password},
    places.WAREHOUSE: {
        "root_password": password,
        "loader_password": password,
        "analyst_password": password,
    },
    places.AIRFLOW: {
        "fernet_key": fernet_key,
        "api_secret_key": signing_key,
        "jwt_secret": signing_key,
    },
    places.UI: {"admin_password": password},
}
"""Who sees what, and how it is made."""


def main() -> None:
    """Generate what is missing, and write what follows from it."""
    made = generate(places.SECRETS)
    print(f"Generated {made} secrets." if made else "All secrets are there.")


def generate(folder: Path) -> int:
    """Make all secrets below a folder that are missing, and the forms in which programs read them.

    Returns:
        How many were made.
    """
    made = 0
    for audience, names in GENERATED.items():
        (folder / audience).mkdir(exist_ok=True)
        for name, make in names.items():
            file = folder / audience / name
            if not _is_there(file):
                _write(file, make())
                made += 1
    for (audience, name), content in _forms(folder).items():
        _write(folder / audience / name, content)
    for audience in GENERATED:
        place = folder / audience
        if place.stat().st_uid == os.geteuid():  # else it has the modes of the image's own folder
            place.chmod(_GROUP_MAY_ENTER)
    return made


def _forms(folder: Path) -> dict[tuple[str, str], str]:
    """The files that follow from the secrets."""
    metadata = _read(folder, places.METADATA, "password")
    broker = _read(folder, places.BROKER, "password")
    address = f"redis://:{quote(broker, safe='')}@{places.BROKER_HOST}:{places.BROKER_PORT}"
    server = f"{places.METADATA_HOST}:{places.METADATA_PORT}/{places.METADATA_DATABASE}"
    root = _read(folder, places.WAREHOUSE, "root_password")
    return {
        (places.METADATA, "url"): f"postgresql+psycopg2://{places.METADATA_ACCOUNT}:"
        f"{quote(metadata, safe='')}@{server}",
        # Two of Redis's numbered databases: what waits, and what came of it.
        (places.BROKER, "url"): f"{address}/0",
        (places.BROKER, "results"): f"{address}/1",
        (places.BROKER, "redis.conf"): f"requirepass {_quoted(broker)}\n",
        (places.WAREHOUSE, "client.cnf"): f"[client]\nuser=root\npassword={_quoted(root)}\n",
    }


def _read(folder: Path, audience: str, name: str) -> str:
    return (folder / audience / name).read_text(encoding="utf-8").strip()


def _quoted(text: str) -> str:
    """As both Redis and the clients of MySQL read a text in their files."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_there(file: Path) -> bool:
    return file.is_file() and bool(file.read_text(encoding="utf-8").strip())


def _write(file: Path, content: str) -> None:
    """Replace a file in one step: a database that is just starting reads all of it, or finds nothing."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    # No newline: Airflow takes the output of a command as it is.
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
    temporary.chmod(_GROUP_MAY_READ)
    temporary.replace(file)


if __name__ == "__main__":
    main()
