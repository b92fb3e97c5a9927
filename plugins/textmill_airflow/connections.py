"""Opens what a source names by the id of a connection."""

from __future__ import annotations

from textmill.access import NoConnections


class AirflowConnections(NoConnections):
    """Connections that Airflow keeps."""
