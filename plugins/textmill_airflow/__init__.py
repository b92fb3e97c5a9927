"""What Airflow sees of Textmill: the operator that reads, and adapters from task context to stages."""
