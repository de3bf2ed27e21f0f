"""The application for the tests; its routes are built once and used again."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from app.clock import Clock
from app.configuration.settings import Settings
from app.main import create_app

_idle: dict[tuple[object, ...], FastAPI] = {}


@contextmanager
def application(settings: Settings, clock: Clock) -> Iterator[FastAPI]:
    """Make the application with the routes that an earlier test has finished with.

    FastAPI builds the handlers of the routes on their first use, which takes longer than most
    tests. Everything else is new. Two applications that are served at the same time share no
    routes.
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
