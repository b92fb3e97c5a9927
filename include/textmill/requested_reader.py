"""The reader and the options that a request asks for, on a deployment with its settings."""

from __future__ import annotations

from textmill.errors import SettingsError
from textmill.media import MediaOptions, media_options
from textmill.reading.page_reader import PageReader, create_reader
from textmill.records import OcrRequest
from textmill.settings import Settings


def requested_options(request: OcrRequest, settings: Settings) -> MediaOptions:
    """Return how media are opened."""
    return media_options(
        settings,
        dpi=request.dpi,
        text_layer=request.text_layer,
        animation_frames=request.animation_frames,
        languages=request.languages,
    )


def requested_reader(request: OcrRequest, settings: Settings) -> PageReader:
    """Build the reader; this loads models and takes seconds.

    Raises:
        SettingsError: the request names something that nobody knows.
        ModelsMissing: see `create_reader`.
    """
    try:
        return create_reader(
            settings,
            engine=request.engine,
            languages=request.languages,
            preprocessing=request.preprocessing,
            second_opinion=request.second_opinion,
        )
    except ValueError as error:
        raise SettingsError(str(error)) from error
