"""Links that Airflow shows beside a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from textmill.quality.data_docs_site import batch_page
from textmill.staging import batch_no_of
from textmill_airflow.quality_pages import PREFIX

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


class QualityReportLink(BaseOperatorLink):
    """From the task that checked a batch to the report about it."""

    name = "Quality report"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the address of the batch's page on this Airflow; asked when the task has ended.

        Args:
            operator: a task with a `batch_uri`, rendered.
            ti_key: has the id of the run.
        """
        from airflow.sdk.configuration import conf

        batch_uri: str = operator.batch_uri  # type: ignore[attr-defined]
        page = batch_page(ti_key.run_id, batch_no_of(batch_uri))
        return f"{conf.get('api', 'base_url', fallback='').rstrip('/')}{PREFIX}/{page}"
