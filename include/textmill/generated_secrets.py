"""How passwords and keys are made, whoever keeps them."""

from __future__ import annotations

import base64
import secrets


def password() -> str:
    """Return a password of letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(24)


def fernet_key() -> str:
    """Return a key with which Airflow encrypts connections."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def signing_key() -> str:
    """Return a key with which Airflow signs tokens."""
    # HS512 wants 64 bytes; a shorter key draws a warning for every token.
    return base64.urlsafe_b64encode(secrets.token_bytes(64)).decode()
