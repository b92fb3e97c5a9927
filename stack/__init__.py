"""Everything on one machine: private database servers, Airflow, one ingest, and their end.

Nothing here knows how media are read. This package prepares a folder (the *state*), starts the
servers that Textmill needs inside it, hands a folder of media to the `media_ingest` DAG and shows
what came of it. Every part is derived from a `Paths` object, so any number of stacks can live side
by side on one machine.
"""
