"""Values of settings: an invalid one is refused at the start, with its name, without its value."""

from pathlib import Path

import pytest

from app.configuration.loading import load_settings
from app.configuration.settings import Settings, SettingsError


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment and a folder without settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


BAD = [
    ("PORT", "0"),
    ("PORT", "eighty-hunter2"),
    ("QUOTE_MINUTES", "0"),
    ("UNDO_MINUTES", "-1"),
    ("KEEP_NOTES_DAYS", "0"),
    ("KEEP_ORIGINS_DAYS", "0"),
    ("KEEP_NOTIFICATIONS_DAYS", "3651"),
    ("LINK_DAYS", "-1"),
    ("MAIL_FROM", "hunter2"),
    ("MAIL_FROM", "hünter2@reslot.example"),
    ("SMTP_URL", "smtp://hunter2@💩.example"),
    ("LOG_FORMAT", "hunter2"),
    ("WORKER", "hunter2"),
    ("TRACING", "hunter2"),
    ("DATABASE_POOL_SIZE", "0"),
    ("SMTP_CONNECTIONS", "1"),
    ("SIGN_IN_DAYS", "0"),
    ("SIGN_IN_DAYS", "3651"),
    ("TRUSTED_PROXIES", "hunter2"),
    ("TRUSTED_PROXIES", "10.0.0.1, proxy.hunter2"),
    ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ("DATABASE_URL", "mysql://role:hunter2@db.example/reslot"),
    ("DATABASE_URL", "postgresql+psycopg://role:hunter2@db.example/reslot"),
    ("DATABASE_URL", "postgresql://db.example/hunter2"),
    ("DATABASE_URL", "postgresql://role:hunter2@db.example:port/reslot"),
    ("DATABASE_URL", "postgresql://role:hunter2@db-a:5432,db-b:99999/reslot"),
    ("DATABASE_URL", "hunter2"),
    ("DATABASE_OWNER_URL", "sqlite:///hunter2"),
    ("HOST", "http://hunter2"),
    ("PUBLIC_URL", "hunter2.example"),
    ("PUBLIC_URL", "https://hunter2.example:port"),
    ("PUBLIC_URL", "ftp://hunter2.example"),
    ("PUBLIC_URL", "https://"),
    ("PORTAL", "hunter2"),
    ("DOCS", "hunter2"),
    ("PORTAL_URL", "/hunter2"),
    ("PORTAL_URL", "https://hunter2.example/#start"),
    ("CORS_ORIGINS", "https://hunter2.example/app"),
    ("CORS_ORIGINS", "https://app.example, hunter2.example"),
    ("METRICS_TOKEN", "h"),
    ("METRICS_PORT", "70000"),
    ("LOG_LEVEL", "hunter2"),
    ("ACCESS_TOKEN_MINUTES", "0"),
    ("LINK_ACCESS_MINUTES", "0"),
    ("CREDIT_GRACE_DAYS", "-1"),
    ("WEBHOOK_INSECURE_TARGETS", "hunter2"),
    ("SIGN_IN_INSECURE_ISSUERS", "hunter2"),
    ("DATA_DIR", __file__),
    ("SECRET_KEYS", "hunter2"),
    ("DATABASE_URL", "postgresql://role@hunter2 example/reslot"),
    ("DATABASE_URL", "postgresql://role@%00/hunter2"),
    ("DATABASE_URL", "postgresql://role:hun/ter2@db.example/reslot"),
    ("PUBLIC_URL", "https://hunter2 .example"),
    ("PUBLIC_URL", "https://hunter2..example"),
    ("PUBLIC_URL", "https://user:hunter2@reslot.example"),
    ("PUBLIC_URL", "https://reslot.example/?x=hunter2"),
    ("PUBLIC_URL", "https://[::hunter2"),
    ("PUBLIC_URL", "https://reslot.example/?hunter2"),
    ("PORTAL_URL", "https://user:hunter2@portal.example"),
    ("PORTAL_URL", "https://reslot.example/ hunter2"),
    ("CORS_ORIGINS", "https://*.hunter2.example"),
    ("CORS_ORIGINS", "https://hunter2.example/"),
    ("CORS_ORIGINS", "https://hunter2.example?"),
    ("METRICS_TOKEN", "hunter2 hunter2 hunter2"),
    ("METRICS_TOKEN", "hünter2hünter2hünter2"),
    ("DATA_DIR", f"{__file__}/hunter2"),
    ("DATA_DIR", "~hunter2/reslot"),
    ("SMTP_URL", "hunter2"),
    ("SMTP_URL", "http://u:hunter2@mail.example"),
    ("SMTP_URL", "mail.example:25"),
    ("SMTP_URL", "smtp://"),
    ("SMTP_URL", "smtp://[::hunter2"),
    ("SMTP_URL", "smtp://mail.example:hunter2"),
    ("SMTP_URL", "smtp://mail.example:0"),
    ("SMTP_URL", "smtp://hunter2@mail.example"),
    ("SMTP_URL", "smtp://:hunter2@mail.example"),
    ("SMTP_URL", "smtp://mail.example/hunter2"),
    ("SMTP_URL", "smtp://mail.example?starttls=hunter2"),
    ("SMTP_URL", "smtp://mail.example?startls=always"),
    ("SMS_URL", "hunter2"),
    ("SMS_URL", "https://"),
    ("SMS_URL", "http://user:hunter2@sms.example/send"),
    ("SMS_URL", "https://user:hunter2@sms.example:0/send"),
    ("SMS_URL", "https://user:hunter2@sms.example:port/send"),
    ("SMS_URL", "https://user:hunter2@sms example/send"),
    ("SMS_URL", "https://user:hunter2@sms.example/a b"),
    ("SMS_URL", "https://user:hunter2@sms.example/se\tnd"),
    ("SMS_URL", "https://user:hunter2@sms.example/größe"),
    ("SMS_URL", "https://user:hunter2@sms.example/send?to=größe"),
    ("SMS_URL", "https://user:hunter2@sms.example/send#x"),
    ("SMS_URL", "https://hunter2@sms.example/send"),
    ("SMS_URL", "https://:hunter2@sms.example/send"),
    ("SMS_URL", "https://user:hunter2@💩.example/send"),
    ("SMS_URL", "twilio://api.twilio.com"),
    ("SMS_URL", "twilio://AC0123@api.twilio.com"),
    ("SMS_URL", "twilio://AC0123:hunter2@api.twilio.com/hunter2"),
    ("SMS_URL", "twilio://AC0123:hunter2@api.twilio.com?x=hunter2"),
    ("SMS_URL", "twilio://AC%2F..:hunter2@api.twilio.com"),
    ("SMS_URL", "twilio://ÄC:hunter2@api.twilio.com"),
    ("SMS_FROM", "hunter2 hunter2"),
    ("SMS_FROM", "hunter2!"),
    ("SMS_FROM", "hunter_2"),
    ("SMS_FROM", "١٢٣٤"),
    ("SMS_FROM", "hunter2\n"),
    ("SMS_FROM", " hunter2"),
    ("SMS_FROM", "12"),
    ("SMS_FROM", "+1 555 0100"),
    ("SMS_FROM", "+1234567890123456"),
    ("SMS_FROM", "MG0123456789abcdef"),
    ("SMS_BODY", "hunter2"),
    ("SMS_BODY", '["$to", "$text"]'),
    ("SMS_BODY", '{"text": "$text hunter2"}'),
    ("SMS_BODY", '{"to": "$to", "text": "$txt hunter2"}'),
    ("SMS_BODY", '{"to": "$to", "text": "$text", "key": "pa$hunter2"}'),
    ("SMS_BODY", '{"to": "$to", "text": "$$text"}'),
    ("SMS_BODY", '{"$to": "to", "$text": "text"}'),
    ("SMS_BODY", '{"to": "$total", "text": "$text"}'),
    ("SMS_BODY", '{"to": "$to", "text": "$text", "hunter2": NaN}'),
    ("SMS_BODY", '{"to": "$to", "text": "$text\\ud800"}'),
    ("SMS_BODY", '{"to": "$to", "text": "$text", "x": ' + "[" * 900 + "]" * 900 + "}"),
    ("SMS_BODY", '{"to": "$to", "text": "$text", "x": ' + "[" * 9000 + "]" * 9000 + "}"),
    ("SMS_TOKEN", "hunter2 hunter2"),
    ("SMS_TOKEN", "hünter2"),
    ("SMS_TOKEN", "hunter2\r\nX-Other: 1"),
    ("SMS_SECRET", "hunter2"),
    ("SMS_SECRET", "whsec_hunter2"),
    ("SMS_SECRET", "whsec_aHVudGVyMg=="),
    ("SMS_SECRET", "whsec_hünter2" + "A" * 40),
    ("SMS_URL", "http://user:hunter2@gateway.example/send"),
    ("SMS_URL", "http://127.0.0.2/hunter2"),
    ("SMS_URL", "https://hunter2@gateway.example/send"),
    ("SMS_URL", "https://:hunter2@gateway.example/send"),
    ("SMS_URL", "https://gateway.example:0/hunter2"),
    ("SMS_URL", "https://gateway.example:hunter2/send"),
    ("SMS_URL", "https://gateway..example/hunter2"),
    ("SMS_URL", "https://gateway.example/hunter2#now"),
    ("SMS_URL", "https://gateway.example/hunter2#"),
    ("SMS_URL", "https://gateway.example/hunter2 now"),
    ("SMS_URL", "https://gateway.example/hunter2\nnow"),
    ("SMS_URL", "https://gateway.example/hünter2"),
    ("SMS_URL", "https://gateway.example/?key=hunter2💩"),
    ("SMS_URL", "https://[::hunter2"),
    ("SMS_URL", "ftp://user:hunter2@gateway.example"),
    ("SMS_URL", "twilio://:hunter2@api.twilio.com"),
    ("SMS_URL", "twilio://AC0123:hunter2@"),
    ("SMS_URL", "twilio://AC0123:hunter2@api.twilio.com/2010-04-01"),
    ("SMS_URL", "twilio://AC0123:hunter2@api.twilio.com?region=ie1"),
    ("SMS_FROM", "hunter2\u202e"),
    ("SMS_FROM", "hunter2" * 5),
    ("SMS_BODY", '"$to $text hunter2"'),
    ("SMS_BODY", '["$to", "$text", "hunter2"]'),
    ("SMS_BODY", '{"to": "$to", "key": "hunter2"}'),
    ("SMS_BODY", '{"text": "$text", "key": "hunter2"}'),
    ("SMS_BODY", '{"$to": 1, "$text": 2, "key": "hunter2"}'),
    ("SMS_BODY", '{"to": $to, "text": "$text", "key": "hunter2"}'),
    ("SMS_BODY", '{"to": "$too", "text": "$text", "key": "hunter2"}'),
    ("SMS_BODY", '{"to": "$to", "text": "$text", "key": "$hunter2"}'),
    ("SMS_BODY", '{"to": "$to", "text": "$text", "key": NaN, "hunter2": 1}'),
    ("SMS_BODY", '{"to": "$to", "text": "$text", "key": "hunter2\\ud800"}'),
    ("SMS_BODY", '{"hunter2": ' + "[" * 100_000),
    ("SMS_TOKEN", "hunter2\nX-Other: 1"),
    ("SMS_SECRET", "whsec_" + "hunter2=" * 8),
    ("SMS_SECRET", "whsec_hunter2" + "QUJD" * 4),
]


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_bad_setting_is_named_without_its_value(
    env: pytest.MonkeyPatch, name: str, text: str
) -> None:
    env.setenv(name, text)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert name in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_an_invalid_value_of_each_setting_is_refused() -> None:
    assert {name.upper() for name in Settings.model_fields} == {name for name, _ in BAD}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, field in Settings.model_fields.items()
        if field.annotation in (int, int | None)
    ],
)
def test_a_number_that_is_too_large_is_refused(env: pytest.MonkeyPatch, name: str) -> None:
    """A period of that many days or minutes would end after the year 9999."""
    env.setenv(name.upper(), "99999999999")
    with pytest.raises(SettingsError, match=name.upper()):
        load_settings()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://role@/reslot?host=/run/postgresql",
        "postgresql+asyncpg://role:secret@db.example/reslot",
        "postgresql://role:p%40ss@db-a:5432,db-b:5432/reslot?target_session_attrs=read-write",
        "postgresql://role@[2001:db8::1]:5432/reslot",
        "postgresql://role@%2Frun%2Fpostgresql/reslot",
        "postgresql://role:pass word@db_1/reslot",
    ],
)
def test_a_database_url_is_not_changed(env: pytest.MonkeyPatch, url: str) -> None:
    env.setenv("DATABASE_URL", url)
    assert load_settings().service_url == url


def test_origins_are_spelled_as_browsers_spell_them(env: pytest.MonkeyPatch) -> None:
    env.setenv("CORS_ORIGINS", "HTTPS://App.Example:443,http://[::1]:80,http://app:8080,*")
    assert load_settings().cors_origins == (
        "https://app.example",
        "http://[::1]",
        "http://app:8080",
        "*",
    )


GOOD_GATEWAYS = [
    "https://gateway.example/send",
    "https://user:p%40ss%20word@gateway.example:8443/send?account=7",
    "https://us\u00e9r:p\u00e4ss@gateway.example",
    "https://203.0.113.7/send",
    "https://[2001:db8::1]/send",
    "http://127.0.0.1:9000/send",
    "http://localhost/send",
    "http://[::1]:9000/send",
    "twilio://AC0123:hunter2@api.twilio.com",
    "twilio://AC0123:hunter2@api.dublin.ie1.twilio.com/",
]


@pytest.mark.parametrize("url", GOOD_GATEWAYS)
def test_a_gateway_of_text_messages_needs_a_sender(env: pytest.MonkeyPatch, url: str) -> None:
    env.setenv("SMS_URL", url)
    with pytest.raises(SettingsError, match="SMS_FROM") as refusal:
        load_settings()
    assert "hunter2" not in str(refusal.value)
    assert "p%40ss" not in str(refusal.value)
    for sender in ("+12125550100", "Harbor Spa", "22395", "MG" + "0" * 32, "Zäpfle"):
        env.setenv("SMS_FROM", sender)
        settings = load_settings()
        assert settings.sms_url is not None
        assert (settings.sms_url.get_secret_value(), settings.sms_from) == (url, sender)
        assert "hunter2" not in repr(settings)


def test_the_portals_address_fits_into_a_text_message(env: pytest.MonkeyPatch) -> None:
    env.setenv("PORTAL_URL", "https://portal.example/" + "p" * 80)
    assert load_settings().sms_url is None
    env.setenv("SMS_URL", GOOD_GATEWAYS[0])
    env.setenv("SMS_FROM", "Harbor")
    with pytest.raises(SettingsError, match="PORTAL_URL"):
        load_settings()


@pytest.mark.parametrize(
    "template",
    [
        '{"to": "$to", "text": "$text"}',
        '{"messages": [{"to": ["${to}"], "body": {"en": "$text"}}], "cost": "$$5", "n": 1.5}',
        '{"to": "\\u0024to", "text": "$text", "price": "$$5 or $5"}',
        '{"recipient": "tel:$to", "content": "$from: $text ($id)", "is": [null, true]}',
    ],
)
def test_a_template_can_be_any_json(env: pytest.MonkeyPatch, template: str) -> None:
    env.setenv("SMS_BODY", template)
    assert load_settings().sms_body == template


def test_tokens_and_secrets_of_text_messages_are_not_printed(env: pytest.MonkeyPatch) -> None:
    secret = "whsec_" + "QUJD" * 8
    env.setenv("SMS_TOKEN", "hunter2")
    env.setenv("SMS_SECRET", secret)
    settings = load_settings()
    assert settings.sms_token is not None
    assert settings.sms_secret is not None
    assert settings.sms_token.get_secret_value() == "hunter2"
    assert settings.sms_secret.get_secret_value() == secret
    assert "hunter2" not in repr(settings)
    assert secret not in repr(settings)
    env.setenv("SMS_SECRET", secret.removeprefix("whsec_"))
    assert load_settings().sms_secret is not None


def test_a_tilde_in_a_folder_is_expanded_without_a_shell(
    env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env.setenv("HOME", str(tmp_path))
    env.setenv("DATA_DIR", "~/reslot")
    assert load_settings().data_dir == tmp_path / "reslot"


def test_a_gateway_of_text_messages_keeps_its_host(env: pytest.MonkeyPatch) -> None:
    env.setenv("SMS_URL", "https://user:pä@ß@faß.example/send")
    env.setenv("SMS_FROM", "Harbor")
    url = load_settings().sms_url
    assert url is not None
    assert url.get_secret_value() == "https://user:pä@ß@xn--fa-hia.example/send"


@pytest.mark.parametrize(
    "sender",
    ["+15550100", "15550100", "40404", "Harbor", "Harbor 24 h", "A", "MG" + "0a" * 16],
)
def test_a_sender_of_text_messages(env: pytest.MonkeyPatch, sender: str) -> None:
    env.setenv("SMS_FROM", sender)
    assert load_settings().sms_from == sender
