"""The settings, as a dependency of endpoints."""

from typing import Annotated

from fastapi import Depends, Request

from app.configuration.settings import Settings


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


AppSettings = Annotated[Settings, Depends(_settings)]
