"""Settings of the environment and of `.env`.

docs/reference/configuration.md is generated from the text below each setting.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.configuration import env_file, setting_values
from app.standards.addresses import normal_address

MINIMUM_KEY_LENGTH = 32
MOST_CONNECTIONS = 1000
# Larger values make no sense, and could give a date beyond Python's range.
MOST_MINUTES = 525_600
MOST_DAYS = 3650
LONGEST_TEXT_LINK = 100


class SettingsError(Exception):
    """A setting is missing or invalid. The message is one sentence for the operator."""


def _checked(check: Callable[[str], str]) -> AfterValidator:
    """Check a secret, if there is one, and keep it normalised."""
    return AfterValidator(
        lambda secret: None if secret is None else SecretStr(check(secret.get_secret_value()))
    )


class Settings(BaseSettings):
    """All settings. Created once per process and passed on as an argument."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_file=env_file.FILE,
        env_file_encoding=env_file.ENCODING,
        env_ignore_empty=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    database_url: Annotated[SecretStr | None, _checked(setting_values.database_url)] = None
    """The PostgreSQL database, with the service's own role, which is required:
    `postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE`. The schemes `postgres` and
    `postgresql+asyncpg` are also accepted; those of other drivers are not. Options of the driver
    (asyncpg) follow a `?`, such as `sslmode=verify-full&sslrootcert=FILE`. Without this setting,
    the embedded server is used if it is installed.
    """

    database_owner_url: Annotated[SecretStr | None, _checked(setting_values.database_url)] = None
    """The same database with the role that owns it. Default: `DATABASE_URL`. Only `reslot migrate`
    and the demo use it.
    """

    database_pool_size: int = Field(default=10, ge=1, le=MOST_CONNECTIONS)
    """Most database connections of each server process: this number for commands, and the same
    number for reads. A process that sends mails has `SMTP_CONNECTIONS` + 7 in addition.
    """

    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """The keys that sign links, quotes, sign-ins and all other tokens: at least 32 characters
    each, separated by commas, [oldest first](../how-to/rotate-keys.md). Without this setting, the
    demo and the embedded server create the file `DATA_DIR/secret_keys`.
    """

    host: Annotated[str, AfterValidator(setting_values.listening_host)] = "127.0.0.1"
    """The address to listen on: an IPv4 or IPv6 address of this machine, or its name. The
    container image sets `0.0.0.0`.
    """

    port: int = Field(default=8000, ge=1, le=65535)
    """The port to listen on."""

    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1",)
    """The proxies whose `X-Forwarded-For` is trusted: addresses or networks, separated by commas.
    `*` trusts everyone, including callers who forge the header.
    """

    public_url: str = ""
    """The public URL of the API, without a query, a user or a password. Default:
    `http://HOST:PORT`. The `type` of every problem starts with it.
    """

    docs: bool = True
    """Whether the page `/docs` is served, where you can try the API. `/openapi.json` is always
    served.
    """

    portal: bool = True
    """Whether the reference portal is served under `/portal/`."""

    portal_url: str = ""
    """The page that opens the link of an email. Default: `PUBLIC_URL/portal/`. The token is
    appended as `#TOKEN`, so that it is in no server log.
    """

    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins (scheme, host and port) whose pages may call the API from a browser, separated by
    commas; `*` stands for all origins.
    """

    data_dir: Annotated[Path, AfterValidator(setting_values.folder)] = Path(".data")
    """The folder of the demo, the embedded server, generated keys and unsent mails. The container
    image sets `/tmp/reslot`.
    """

    smtp_url: Annotated[SecretStr | None, _checked(setting_values.smtp_url)] = None
    """The mail server: `smtp://USER:PASSWORD@HOST:587` or `smtps://USER:PASSWORD@HOST`. With a
    password, STARTTLS is required; without one, it is used if the server offers it.
    `?starttls=always`, `auto` or `never` overrides this. Without this setting, mails are written
    to `DATA_DIR/mail`.
    """

    smtp_connections: int = Field(default=10, ge=2, le=MOST_CONNECTIONS)
    """Most mails that a process sends at the same time, each on its own connection to the mail
    server. Half of them are for reminders. At least 2.
    """

    mail_from: Annotated[str, AfterValidator(normal_address)] = "reslot@localhost.localdomain"
    """The sender's address, in ASCII except for the domain; the display name is the practice's.
    Its domain is in every Message-ID.
    """

    sms_url: Annotated[SecretStr | None, _checked(setting_values.sms_url)] = None
    """The gateway of [text messages](../how-to/text-messages.md):
    `https://USER:PASSWORD@HOST/PATH` for one that takes JSON, with or without a user and a
    password, or `twilio://ACCOUNT_SID:AUTH_TOKEN@api.twilio.com`. Without this setting, nobody gets
    a text message; where `SMTP_URL` is not set either, they are written to `DATA_DIR/mail`.
    """

    sms_from: str = ""
    """The number from which text messages come, or a name of at most 11 letters, digits and spaces;
    for Twilio also the SID of a messaging service. Required with `SMS_URL`.
    """

    sms_body: Annotated[str, AfterValidator(setting_values.sms_body)] = (
        '{"id": "$id", "from": "$from", "to": "$to", "text": "$text"}'
    )
    """The JSON that a gateway of `https://…` is sent. `$id`, `$from`, `$to` and `$text` stand for
    the values, within strings; `$$` is a dollar sign.
    """

    sms_token: Annotated[SecretStr | None, _checked(setting_values.sms_token)] = None
    """A token that a gateway of `https://…` is sent as `Authorization: Bearer …`, instead of
    the user and the password of `SMS_URL`: characters of ASCII, without spaces.
    """

    sms_secret: Annotated[SecretStr | None, _checked(setting_values.signing_secret)] = None
    """The secret with which a gateway of `https://…` signs [receipts and
    answers](../how-to/text-messages.md#receipts-and-answers) as Standard Webhooks specifies:
    `whsec_…`. Without this setting, they are refused. Twilio signs with the auth token.
    """

    access_token_minutes: int = Field(default=60, ge=1, le=MOST_MINUTES)
    """Lifetime of an access token of a sign-in or of `reslot token`."""

    sign_in_days: int = Field(default=90, ge=1, le=MOST_DAYS)
    """How long a client stays signed in. Later visits do not extend it."""

    link_access_minutes: int = Field(default=30, ge=1, le=MOST_MINUTES)
    """Lifetime of an access token of a link."""

    link_days: int = Field(default=30, ge=0, le=MOST_DAYS)
    """How long a link works after the end of its session."""

    quote_minutes: int = Field(default=10, ge=1, le=MOST_MINUTES)
    """Lifetime of a quote."""

    undo_minutes: int = Field(default=5, ge=0, le=MOST_MINUTES)
    """How long clients can take back their own cancellation or move. 0: they cannot."""

    credit_grace_days: int = Field(default=14, ge=0, le=MOST_DAYS)
    """How long a credit can still be used that is returned to a package which has expired or
    expires soon.
    """

    keep_notes_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    """After how many days the worker deletes notes: the free text of reasons, of waivers and of
    move requests. Without this setting, they are kept.
    """

    keep_origins_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    """After how many days the worker deletes the network addresses of the audit log. Without this
    setting, they are kept.
    """

    keep_notifications_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    """After how many days the worker deletes notifications that were sent, dropped or given up.
    Without this setting, they are kept.
    """

    webhook_insecure_targets: bool = False
    """For development only: webhooks may be sent over plain HTTP and to private addresses.
    `reslot demo` sets it.
    """

    sign_in_insecure_issuers: bool = False
    """For development only: the issuer of [a practice's own sign-in](../how-to/own-sign-in.md) may
    be read over plain HTTP and at private addresses.
    """

    worker: bool = True
    """Whether server processes also send mails and webhooks. `reslot serve --worker` and
    `--no-worker` override it.
    """

    metrics_token: Annotated[SecretStr | None, _checked(setting_values.metrics_token)] = None
    """The token that Prometheus sends as `Authorization: Bearer …` to read
    [`/metrics`](../how-to/monitor.md#what-to-watch): at least 16 characters of ASCII, without
    spaces. Create it like a [key](../how-to/rotate-keys.md). Without this setting, `/metrics` is
    off.
    """

    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """The port on which a `reslot worker` serves its own metrics, on `HOST` and without a token.
    Without this setting, they are off.
    """

    tracing: bool = False
    """Whether [traces](../how-to/trace.md) are sent to an OpenTelemetry collector. This needs the
    packages of `requirements/tracing.txt`. OpenTelemetry's own variables
    (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER`, …), in the environment or in `.env`, set
    the collector and the sampling.
    """

    log_format: Literal["json", "console"] = "json"
    """`json` for machines or `console` for people. `reslot demo` uses `console`."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`. Libraries log nothing below `INFO`."""

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

    @field_validator("sms_from")
    @classmethod
    def _text_sender(cls, sender: str) -> str:
        return sender and setting_values.sms_from(sender)

    @field_validator("secret_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < MINIMUM_KEY_LENGTH for key in keys):
            raise ValueError(f"each key needs at least {MINIMUM_KEY_LENGTH} characters")
        return keys

    @model_validator(mode="after")
    def _derive_urls(self) -> Self:
        public = self.public_url.rstrip("/") or self._own_url
        object.__setattr__(self, "public_url", public)
        object.__setattr__(self, "portal_url", self.portal_url or f"{public}/portal/")
        return self

    @model_validator(mode="after")
    def _check_texts(self) -> Self:
        if self.sms_url is None:
            return self
        if not self.sms_from:
            raise ValueError("SMS_FROM: is required with SMS_URL")
        if len(self.portal_url) > LONGEST_TEXT_LINK:
            raise ValueError(
                f"PORTAL_URL: must have at most {LONGEST_TEXT_LINK} characters with SMS_URL, so "
                "that it fits into a text message"
            )
        return self

    def with_keys(self, text: str) -> Self:
        """Return a copy with the signing keys of a text in the format of SECRET_KEYS."""
        keys = self._long_enough(tuple(SecretStr(part) for part in _parts(text)))
        return self.model_copy(update={"secret_keys": keys})

    @property
    def _own_url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def lacks_public_url(self) -> bool:
        """Tell whether messages leave this machine with links that lead only to it."""
        leave = self.smtp_url is not None or self.sms_url is not None
        return leave and self.public_url == self._own_url

    @property
    def keys(self) -> list[str]:
        """Return the signing keys, oldest first. The last one signs; all of them verify."""
        return [key.get_secret_value() for key in self.secret_keys]

    @property
    def service_url(self) -> str:
        """Return the URL of the database for the service's own role.

        Raises:
            SettingsError: DATABASE_URL is not set.
        """
        if self.database_url is None:
            raise SettingsError(
                "DATABASE_URL is not set: name the PostgreSQL database of the service."
            )
        return self.database_url.get_secret_value()

    @property
    def owner_url(self) -> str:
        """Return the URL for migrations: DATABASE_OWNER_URL, or else the service's own."""
        if self.database_owner_url is None:
            return self.service_url
        return self.database_owner_url.get_secret_value()

    @property
    def owner_setting(self) -> str:
        """Return the name of the setting that `owner_url` is from."""
        return "DATABASE_URL" if self.database_owner_url is None else "DATABASE_OWNER_URL"

    @property
    def quote_lifetime(self) -> timedelta:
        """Return the lifetime of a quote."""
        return timedelta(minutes=self.quote_minutes)

    @property
    def undo_window(self) -> timedelta:
        """Return how long clients can take back their own cancellation or move."""
        return timedelta(minutes=self.undo_minutes)

    @property
    def credit_grace(self) -> timedelta:
        """Return how long a credit can be used that was returned to an expired package."""
        return timedelta(days=self.credit_grace_days)

    @property
    def sign_in_lifetime(self) -> timedelta:
        """Return how long a client stays signed in. Later visits do not extend it."""
        return timedelta(days=self.sign_in_days)

    @property
    def sends_texts(self) -> bool:
        """Return whether text messages can be sent, or are shown in the folder of mails."""
        return self.sms_url is not None or self.smtp_url is None

    @property
    def mail_folder(self) -> Path:
        """Return the folder of mails when there is no SMTP server."""
        return self.data_dir / "mail"


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
