"""Loads the settings of a process, or says in one sentence what is wrong with them."""

import os

from dotenv import dotenv_values
from pydantic import ValidationError

from app.configuration import env_file
from app.configuration.settings import Settings, SettingsError


def load_settings() -> Settings:
    """Read the settings. With tracing, OpenTelemetry's variables are read from `.env` too.

    Raises:
        SettingsError: one sentence that names each bad setting, never its value.
    """
    mistake = env_file.find_mistake([name.upper() for name in Settings.model_fields])
    if mistake is not None:
        raise SettingsError(f"Bad setting. {mistake}.")
    try:
        settings = Settings()
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        bad = "; ".join(f"{_name(problem['loc'])}{_sentence(problem['msg'])}" for problem in found)
        raise SettingsError(f"Bad setting. {bad}.") from None
    if settings.tracing:
        _export_variables("OTEL_")
    return settings


def _export_variables(prefix: str) -> None:
    """Copy variables of other libraries from `.env` to the environment, if they are not there."""
    for name, text in dotenv_values(env_file.FILE, encoding=env_file.ENCODING).items():
        if text and name.startswith(prefix):
            os.environ.setdefault(name, text)


def _name(location: tuple[int | str, ...]) -> str:
    """Write the name of a setting; nothing if the sentence is about several and names them."""
    return f"{str(location[0]).upper()}: " if location else ""


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")
