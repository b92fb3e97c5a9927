"""Generated passwords and keys: one file each, readable by their owner alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

from stack.errors import StackError
from textmill.generated_secrets import fernet_key, password, signing_key


@dataclass(frozen=True)
class Secrets:
    """Every secret of one stack. They stay out of `repr`, so out of logs and test reports too."""

    mariadb_admin: str = field(repr=False, metadata={"make": password})
    mariadb_loader: str = field(repr=False, metadata={"make": password})
    mariadb_analyst: str = field(repr=False, metadata={"make": password})
    postgres_admin: str = field(repr=False, metadata={"make": password})
    postgres_airflow: str = field(repr=False, metadata={"make": password})
    airflow_admin: str = field(repr=False, metadata={"make": password})
    fernet_key: str = field(repr=False, metadata={"make": fernet_key})
    api_secret_key: str = field(repr=False, metadata={"make": signing_key})
    jwt_secret: str = field(repr=False, metadata={"make": signing_key})


def load_or_create(folder: Path) -> Secrets:
    """Read the secrets of a stack, generating those that are missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return Secrets(
        **{item.name: _read_or_make(folder / item.name, item.metadata["make"]) for item in fields(Secrets)}
    )


def load(folder: Path) -> Secrets:
    """Read the secrets of a stack that was started before."""
    try:
        return Secrets(**{item.name: (folder / item.name).read_text().strip() for item in fields(Secrets)})
    except FileNotFoundError:
        raise StackError(
            "Textmill was not started here yet: start it with `make run` or `make start`."
        ) from None


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read, replacing it in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    temporary.replace(path)


def _read_or_make(path: Path, make: Callable[[], str]) -> str:
    if path.is_file() and (known := path.read_text().strip()):
        return known
    secret = make()
    write_private(path, secret + "\n")
    return secret
