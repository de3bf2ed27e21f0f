"""Complete the operator's settings: database, roles, signing keys."""

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from app.configuration.settings import Settings, SettingsError
from app.database.embedded import OWNER, SERVICE, embedded_server
from app.database.engine import brief_engine
from app.database.migrations import schema_problem
from app.database.programs import is_installed

KEY_FILE = "secret_keys"


@contextmanager
def installation(
    settings: Settings, *, migrates: bool = False, may_make_keys: bool = False
) -> Iterator[Settings]:
    """Yield complete settings for a command.

    Without DATABASE_URL the embedded PostgreSQL in the data folder is started, or used if it runs
    already. The database must have the schema of this version, unless the command `migrates` it.
    Such a command needs no signing keys, unless `may_make_keys`.

    Raises:
        SettingsError: a setting is missing that cannot be created here.
    """
    with _with_database(settings) as complete:
        if not migrates:
            asyncio.run(check_schema(complete))
        if migrates and not may_make_keys:
            yield complete
        else:
            embedded = settings.database_url is None
            yield _with_keys(complete, may_make_keys=may_make_keys or embedded)


@contextmanager
def _with_database(settings: Settings) -> Iterator[Settings]:
    if settings.database_url is not None:
        yield settings
        return
    if not is_installed():
        raise SettingsError(
            "DATABASE_URL is not set: name the PostgreSQL database, for example "
            "postgresql://reslot_service:password@db.example/reslot."
        )
    with embedded_server(settings.data_dir.resolve() / "postgres") as server:
        urls = {
            "database_url": SecretStr(server.url(SERVICE)),
            "database_owner_url": SecretStr(server.url(OWNER)),
        }
        yield settings.model_copy(update=urls)


async def check_schema(settings: Settings) -> None:
    """Check that the service's database has the schema of this version.

    Raises:
        SettingsError: it has another one.
    """
    async with brief_engine(settings.service_url) as engine:
        wrong = await schema_problem(engine)
    if wrong is not None:
        raise SettingsError(wrong)


def export(settings: Settings) -> None:
    """Write the complete settings to the environment, where server processes read them."""
    os.environ["DATABASE_URL"] = settings.service_url
    os.environ["SECRET_KEYS"] = ",".join(settings.keys)
    os.environ["DATA_DIR"] = str(settings.data_dir)
    os.environ["LOG_FORMAT"] = settings.log_format
    os.environ["WORKER"] = str(settings.worker)
    os.environ["WEBHOOK_INSECURE_TARGETS"] = str(settings.webhook_insecure_targets)


def _with_keys(settings: Settings, *, may_make_keys: bool) -> Settings:
    if settings.secret_keys:
        return settings
    file = settings.data_dir / KEY_FILE
    if not file.exists():
        if not may_make_keys:
            raise SettingsError(
                "SECRET_KEYS is not set: give one random text of at least 32 characters, or "
                "several with commas between, the newest last."
            )
        _write_private(file, secrets.token_urlsafe(48))
    return settings.with_keys(file.read_text())


def _write_private(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
