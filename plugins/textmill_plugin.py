"""What Airflow has to be told of: classes that it finds by name in a DAG's metadata, and pages of ours."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from textmill_airflow.links import QualityReportLink
from textmill_airflow.quality_pages import PREFIX, QualityPages
from textmill_airflow.timetables import WholeIntervalTimetable


class TextmillPlugin(AirflowPlugin):
    """Registers the timetable and the link, without which Airflow refuses the DAG, and the reports' pages."""

    name = "textmill"
    timetables = (WholeIntervalTimetable,)
    operator_extra_links: ClassVar[list[Any]] = [QualityReportLink()]
    fastapi_apps: ClassVar[list[Any]] = [
        {"app": QualityPages(), "url_prefix": PREFIX, "name": "Reports of the quality gate"}
    ]
