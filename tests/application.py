"""The application for the tests; its routes are built once and used again."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from app.clock import Clock
from app.configuration.settings import Settings
from app.main import create_app, give_state

_idle: dict[tuple[object, ...], FastAPI] = {}


@contextmanager
def application(settings: Settings, clock: Clock) -> Iterator[FastAPI]:
    """Make the application, or use one that an earlier test has finished with, in a new state.

    Building the routes takes longer than most tests. Two tests never use one application at the
    same time.
    """
    if settings.tracing:
        yield create_app(settings, clock=clock)
        return
    shape = (settings.docs, settings.portal, settings.cors_origins)
    app = _idle.pop(shape, None)
    if app is None:
        app = create_app(settings, clock=clock)
    else:
        give_state(app, settings, clock)
    yield app
    _idle[shape] = app
