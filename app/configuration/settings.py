"""Settings, from the environment (and `.env`).

The text below each becomes its row in docs/reference/configuration.md.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.configuration import env_file, setting_values
from app.standards.addresses import normal_address

MINIMUM_KEY_LENGTH = 32
MOST_CONNECTIONS = 1000
# Far more than makes sense, and a time so far ahead still has a date.
MOST_MINUTES = 525_600
MOST_DAYS = 3650


class SettingsError(Exception):
    """A setting is missing or bad; the message is one sentence for the operator."""


class Settings(BaseSettings):
    """One frozen object, made once per process and handed down."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=env_file.FILE,
        env_file_encoding=env_file.ENCODING,
        env_ignore_empty=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    database_url: SecretStr | None = None
    """PostgreSQL, as the service's own role: `postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE`. It
    has to name the role. The schemes `postgres` and `postgresql+asyncpg` are accepted too, those
    of other drivers are not. Options of the driver (asyncpg) follow a `?`, such as
    `sslmode=verify-full&sslrootcert=FILE`. Without it, the embedded server is used where it is
    installed.
    """

    database_owner_url: SecretStr | None = None
    """The same database as the role that owns it; `DATABASE_URL` where it is not set. Only
    `reslot migrate` and the demo use it.
    """

    database_pool_size: int = Field(default=10, ge=1, le=MOST_CONNECTIONS)
    """Connections of each server process, at most: this many for commands, and as many for reads.
    A process that sends mails has `SMTP_CONNECTIONS` and five more.
    """

    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """The keys that sign links, quotes, sign-ins and all other tokens: at least 32 characters
    each, separated by commas, [oldest first](../how-to/rotate-keys.md). Without it, the demo and
    the embedded server make the file `DATA_DIR/secret_keys`.
    """

    host: Annotated[str, AfterValidator(setting_values.listening_host)] = "127.0.0.1"
    """The address of this machine to listen on, IPv4 or IPv6, or its name. The image sets
    `0.0.0.0`.
    """

    port: int = Field(default=8000, ge=1, le=65535)
    """The port to listen on."""

    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1",)
    """The proxies whose `X-Forwarded-For` is believed: addresses or networks, separated by
    commas. `*` believes everybody, also what a caller writes there.
    """

    public_url: str = ""
    """Where the world reaches the API; `http://HOST:PORT` where it is not set. The `type` of
    every problem starts with it. Without a query, a user or a password.
    """

    docs: bool = True
    """Whether the page `/docs` is served, where the API can be tried. `/openapi.json` is always
    served.
    """

    portal: bool = True
    """Whether the reference portal is served under `/portal/`."""

    portal_url: str = ""
    """The page that opens the link of an email; `PUBLIC_URL/portal/` where it is not set. The
    token is appended as `#TOKEN`, so that it reaches no server log.
    """

    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins (scheme, host and port) whose pages may call the API from a browser, separated by
    commas; `*` stands for all origins.
    """

    data_dir: Annotated[Path, AfterValidator(setting_values.folder)] = Path(".data")
    """Where the demo, the embedded server, generated keys and unsent mails lie. The image sets
    `/tmp/reslot`.
    """

    smtp_url: SecretStr | None = None
    """`smtp://USER:PASSWORD@HOST:587` or `smtps://USER:PASSWORD@HOST`. With a password STARTTLS
    is required, without one it is used where offered; `?starttls=always`, `auto` or `never`
    overrides this. Without it, mails are written to `DATA_DIR/mail`.
    """

    smtp_connections: int = Field(default=10, ge=2, le=MOST_CONNECTIONS)
    """How many mails a process sends at once, and so how many connections to the mail server it
    has, at most. Half of them are for reminders. At least 2.
    """

    mail_from: Annotated[str, AfterValidator(normal_address)] = "reslot@localhost.localdomain"
    """The sender's address, in ASCII except for the domain; the display name is the practice's.
    Its domain is in every Message-ID.
    """

    access_token_minutes: int = Field(default=60, ge=1, le=MOST_MINUTES)
    """How long an access token is valid that comes from a sign-in or `reslot token`."""

    sign_in_days: int = Field(default=90, ge=1, le=MOST_DAYS)
    """How long a client stays signed in, however often they come back."""

    link_access_minutes: int = Field(default=30, ge=1, le=MOST_MINUTES)
    """How long an access token is valid that comes from a link."""

    link_days: int = Field(default=30, ge=0, le=MOST_DAYS)
    """How long a link works after its session's present end."""

    quote_minutes: int = Field(default=10, ge=1, le=MOST_MINUTES)
    """How long a quote is honoured."""

    credit_grace_days: int = Field(default=14, ge=0, le=MOST_DAYS)
    """How long a credit stays usable that is returned to a package which has expired or soon
    will.
    """

    webhook_insecure_targets: bool = False
    """For development: webhooks may go over plain HTTP and to private addresses. `reslot demo`
    sets it.
    """

    worker: bool = True
    """Whether server processes send mails and webhooks too. `reslot serve --worker` and
    `--no-worker` override it.
    """

    metrics_token: SecretStr | None = None
    """What Prometheus sends as `Authorization: Bearer …` to read
    [`/metrics`](../how-to/monitor.md#what-to-watch): at least 16 characters of ASCII, without
    spaces. Make it as a [key](../how-to/rotate-keys.md) is made. Without it, `/metrics` is off.
    """

    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """The port on which a `reslot worker` serves its own metrics, on `HOST` and without a token.
    Without it, they are off.
    """

    tracing: bool = False
    """Whether [traces](../how-to/trace.md) go to an OpenTelemetry collector; needs the packages
    of `requirements/tracing.txt`. OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`,
    `OTEL_TRACES_SAMPLER`, …), here or in `.env`, say where they go and how many.
    """

    log_format: Literal["json", "console"] = "json"
    """`json`, or `console` for reading. `reslot demo` logs in `console`."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`."""

    @field_validator("secret_keys", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return _parts(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        return url and setting_values.web_address(url)

    @field_validator("portal_url")
    @classmethod
    def _page(cls, url: str) -> str:
        return url and setting_values.web_address(url, with_query=True)

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(setting_values.origin(url) for url in urls)

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(setting_values.proxy(text) for text in texts)

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        return SecretStr(setting_values.database_url(url.get_secret_value()))

    @field_validator("metrics_token")
    @classmethod
    def _hard_to_guess(cls, token: SecretStr | None) -> SecretStr | None:
        if token is None:
            return None
        return SecretStr(setting_values.metrics_token(token.get_secret_value()))

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        return SecretStr(setting_values.smtp_url(url.get_secret_value()))

    @field_validator("secret_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < MINIMUM_KEY_LENGTH for key in keys):
            raise ValueError(f"each key needs at least {MINIMUM_KEY_LENGTH} characters")
        return keys

    @model_validator(mode="after")
    def _derive_urls(self) -> Self:
        host = f"[{self.host}]" if ":" in self.host else self.host
        public = self.public_url.rstrip("/") or f"http://{host}:{self.port}"
        object.__setattr__(self, "public_url", public)
        object.__setattr__(self, "portal_url", self.portal_url or f"{public}/portal/")
        return self

    def with_keys(self, text: str) -> Self:
        """Take the keys from a text, as from the environment."""
        keys = self._long_enough(tuple(SecretStr(part) for part in _parts(text)))
        return self.model_copy(update={"secret_keys": keys})

    @property
    def keys(self) -> list[str]:
        """Give the signing keys, oldest first; the last one signs, all of them verify."""
        return [key.get_secret_value() for key in self.secret_keys]

    @property
    def service_url(self) -> str:
        """Give the URL of the database for the service's own role.

        Raises:
            SettingsError: there is none.
        """
        if self.database_url is None:
            raise SettingsError(
                "DATABASE_URL is not set: name the PostgreSQL database of the service."
            )
        return self.database_url.get_secret_value()

    @property
    def owner_url(self) -> str:
        """Give the URL for migrations; where none is named, the service's role owns its tables."""
        if self.database_owner_url is None:
            return self.service_url
        return self.database_owner_url.get_secret_value()

    @property
    def quote_lifetime(self) -> timedelta:
        """Say how long a quote is honoured."""
        return timedelta(minutes=self.quote_minutes)

    @property
    def credit_grace(self) -> timedelta:
        """Say how long a credit stays usable that came back to an expired package."""
        return timedelta(days=self.credit_grace_days)

    @property
    def sign_in_lifetime(self) -> timedelta:
        """Say how long a client stays signed in, however often he comes back."""
        return timedelta(days=self.sign_in_days)

    @property
    def mail_folder(self) -> Path:
        """Say where mails land that no SMTP server takes."""
        return self.data_dir / "mail"


def load_settings() -> Settings:
    """Read the settings. Where tracing is on, the SDK's own are taken from the file as well.

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
        bad = "; ".join(
            f"{_name(problem['loc'])}: {_sentence(problem['msg'])}" for problem in found
        )
        raise SettingsError(f"Bad setting. {bad}.") from None
    if settings.tracing:
        _hand_on("OTEL_")
    return settings


def _hand_on(prefix: str) -> None:
    """Put what others read from the environment there, where only the file has it."""
    for name, text in dotenv_values(env_file.FILE, encoding=env_file.ENCODING).items():
        if text and name.startswith(prefix):
            os.environ.setdefault(name, text)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _name(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper()


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")
