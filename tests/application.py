"""The application, for one test after another."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from app.clock import Clock
from app.configuration.settings import Settings
from app.main import create_app

_idle: dict[tuple[object, ...], FastAPI] = {}


@contextmanager
def application(settings: Settings, clock: Clock) -> Iterator[FastAPI]:
    """Make the application, with the routes of one that an earlier test has done with.

    FastAPI builds the handlers of its routes when they are first asked for, and takes longer than
    most tests do. All else is the new one's. Of two that are served at once each has its own.
    """
    made = create_app(settings, clock=clock)
    if made.state.tracing is not None:
        yield made
        return
    shape = (settings.docs, settings.portal, settings.cors_origins)
    app = _idle.pop(shape, made)
    app.state = made.state
    yield app
    _idle[shape] = app
