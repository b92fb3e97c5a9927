"""The operator that holds the pages of a batch against the quality gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from textmill_airflow.connections import AirflowConnections
from textmill_airflow.context import settings, staging_access, warehouse
from textmill_airflow.links import QualityReportLink

if TYPE_CHECKING:
    from airflow.sdk import Context


class ValidateBatchOperator(BaseOperator):
    """Judges every page of a batch that was read, and publishes a report, to which the task has a link.

    An operator of its own, and no function, because of the link. Returns the batch's URI.

    :param batch_uri: the batch, as the task that read it returned it.
    """

    template_fields: Sequence[str] = ("batch_uri",)
    operator_extra_links = (QualityReportLink(),)
    ui_color = "#fff2cc"

    def __init__(self, *, batch_uri: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch_uri = batch_uri

    def execute(self, context: Context) -> str:
        """Judge the batch.

        Raises:
            TooManyQuarantined: more of its pages are refused than the settings allow, which hold the batch.
        """
        from textmill.stages.validate import validate

        with warehouse() as engine, staging_access().of_batch(self.batch_uri) as batch:
            tally = validate(
                engine,
                batch.staging,
                settings(),
                run_id=context["run_id"],
                batch_uri=batch.uri,
                connections=AirflowConnections(),
            )
        self.log.info(
            "%d pages accepted, %d of them with a warning, %d quarantined; report: %s",
            tally.accepted,
            tally.warned,
            tally.quarantined,
            tally.report or "none",
        )
        return self.batch_uri
