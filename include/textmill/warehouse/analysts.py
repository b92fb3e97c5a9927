"""The role of analysts: they read the views and call the functions for searching, and see nothing else.

Views and functions are run with the rights of the account that made them, so no right on a table is needed.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from textmill.warehouse.migrate import FUNCTIONS, VIEWS

ROLE = "textmill_analyst"
_MOST_CONNECTIONS = 20
"""Of one account: a script that forgets to close its connections must not lock the loader out."""


def grant_role(connection: Connection) -> None:
    """Create the role, or bring it up to date with the views and functions that there are. Safe to repeat.

    Args:
        connection: of an account that may create roles, on the warehouse's database.
    """
    connection.execute(text(f"CREATE ROLE IF NOT EXISTS {ROLE}"))
    database = connection.engine.url.database
    present = set(inspect(connection).get_view_names())
    for view in sorted(file.stem for file in VIEWS.glob("*.sql")):
        if view in present:
            connection.execute(text(f"GRANT SELECT, SHOW VIEW ON `{database}`.`{view}` TO {ROLE}"))
    for function in sorted(file.stem for file in FUNCTIONS.glob("*.sql")):
        connection.execute(text(f"GRANT EXECUTE ON FUNCTION `{database}`.`{function}` TO {ROLE}"))


def ensure_analyst(connection: Connection, name: str, host: str, password: str) -> None:
    """Create an account that has the role and nothing else, or give it another password. Safe to repeat.

    Args:
        connection: as for `grant_role`, which comes first.
        name, host: of the account; letters, digits, dots, underscores and `%` only.
    """
    account = f"'{name}'@'{host}'"
    identified = text(
        f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY :password "
        f"WITH MAX_USER_CONNECTIONS {_MOST_CONNECTIONS}"
    )
    connection.execute(identified, {"password": password})
    connection.execute(text(f"ALTER USER {account} IDENTIFIED BY :password"), {"password": password})
    connection.execute(text(f"GRANT {ROLE} TO {account}"))
    to = "FOR" if getattr(connection.dialect, "is_mariadb", False) else "TO"
    connection.execute(text(f"SET DEFAULT ROLE {ROLE} {to} {account}"))
