"""Every kind of mail to a client, in every language but English."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.domain.money import Money
from app.domain.policy.rules import Credit
from app.domain.session import Format
from app.mail.texts.formatter import Formatter
from app.outbox.outbox import Kind
from app.tables.practices import Client
from tests.notifications.reading import Read
from tests.notifications.scenario import START, Scenario
from tests.world import World

LATE_FEE: dict[str, dict[str, Any]] = {
    "cancel": {
        "closes": {"before_minutes": 120},
        "fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}],
    },
    "reschedule": {"closes": None, "limit": 1},
}
FEE = Money(4500, "USD")
READERS = {
    "de": ("de-AT", "Europe/Vienna"),
    "fr": ("fr-FR", "Europe/Paris"),
    "es": ("es-ES", "Europe/Madrid"),
}
# Text that people typed, which is shown unchanged.
TYPED = re.compile(
    "Follow-up|Harbor Wellness|Harbor Street|Dr. Maya Chen|Ana Ruiz|Please tell us a day ahead."
    r"|https?://\S+|We call you."
)
# Words that occur in none of the other languages.
ENGLISH = re.compile(
    r"\b(the|your|you|is|are|was|to|of|and|or|not|for|this|with|until|at|by|on|session|fee"
    r"|credit|cancel|cancellation|reschedule|moved|when|where|before|service|format|join"
    r"|phone|person|policy|newer|standard|time|december|thursday|pm)\b",
    re.IGNORECASE,
)


class Told:
    """The expected texts of a mail. `link`: whether it has one; `method`: of the calendar part."""

    def __init__(
        self, subject: str, *sentences: str, link: bool = True, method: str | None = "REQUEST"
    ) -> None:
        self.subject, self.sentences, self.link, self.method = subject, sentences, link, method


async def booked(scenario: Scenario) -> tuple[UUID, Kind]:
    return await scenario.book(), "booked"


async def moved(scenario: Scenario) -> tuple[UUID, Kind]:
    session_id = await scenario.book_and_confirm()
    await scenario.move(session_id, START + timedelta(days=1), fee=FEE, credit=Credit.KEPT)
    return session_id, "rescheduled"


async def met_elsewhere(scenario: Scenario) -> tuple[UUID, Kind]:
    session_id = await scenario.book_and_confirm(format=Format.PHONE)
    await scenario.move(
        session_id,
        START,
        kind="format_changed",
        to_format=Format.IN_PERSON,
        location_id=scenario.world.location_id,
        join_url=None,
    )
    return session_id, "rescheduled"


async def cancelled_late(scenario: Scenario) -> tuple[UUID, Kind]:
    session_id = await scenario.book()
    await scenario.cancel(session_id, fee=FEE, actor="practice")
    return session_id, "cancelled"


async def credit_returned(scenario: Scenario) -> tuple[UUID, Kind]:
    session_id = await scenario.book()
    await scenario.cancel(session_id, credit=Credit.RETURNED)
    return session_id, "cancelled"


async def credit_forfeited(scenario: Scenario) -> tuple[UUID, Kind]:
    session_id = await scenario.book()
    await scenario.cancel(session_id, credit=Credit.FORFEITED)
    return session_id, "cancelled"


async def reminded(scenario: Scenario) -> tuple[UUID, Kind]:
    return await scenario.book(), "reminder"


async def missed(scenario: Scenario) -> tuple[UUID, Kind]:
    session_id = await scenario.book()
    await scenario.miss(session_id, fee=FEE)
    return session_id, "noshow"


async def restored(scenario: Scenario) -> tuple[UUID, Kind]:
    package_id = await scenario.world.add_package()
    session_id = await scenario.book(package_id=package_id)
    await scenario.miss(session_id)
    await scenario.restore(session_id, voided_fee=True)
    return session_id, "restored"


async def waived(scenario: Scenario) -> tuple[UUID, Kind]:
    session_id = await scenario.book()
    await scenario.cancel(session_id, fee=FEE)
    await scenario.waive(session_id, FEE)
    return session_id, "fee_waived"


async def overtaken(scenario: Scenario) -> tuple[UUID, Kind]:
    session_id = await scenario.book()
    await scenario.cancel(session_id)
    return session_id, "booked"


Happening = Callable[[Scenario], Awaitable[tuple[UUID, Kind]]]

GERMAN: dict[Happening, Told] = {
    booked: Told(
        "Ihr Termin ist gebucht: 3. Dezember 2026, 16:00 Uhr",
        "Wann: Donnerstag, 3. Dezember 2026, 16:00 bis 16:50 Uhr (Mitteleuropäische Normalzeit)\n"
        "Leistung: Follow-up\nBei: Dr. Maya Chen\nArt: Video\nTeilnahme: https://video",
        "Möchten Sie den Termin verschieben?\nhttps://",
        "Absagen:\n- Kostenlos bis Mittwoch, 2. Dezember 2026, 16:00 Uhr (Mitteleuropäische",
        "- Gegen eine Gebühr von $ 60,00 bis Donnerstag, 3. Dezember 2026, 14:00 Uhr (",
        "Verschieben:\n- Kostenlos bis",
        "- Gegen eine Gebühr von $ 60,00 bis zum Beginn des Termins.",
        "Bedingungen für Absagen:\nPlease tell us a day ahead.",
        "Sie erhalten diese Nachricht wegen eines Termins bei Harbor Wellness.",
        "Antworten Sie auf diese Nachricht oder rufen Sie an: +1 212 555 0100.",
    ),
    moved: Told(
        "Ihr Termin wurde verschoben, neu: 4. Dezember 2026, 16:00 Uhr",
        "Es fällt eine Gebühr von $ 45,00 an. Die Abrechnung übernimmt Harbor Wellness.",
        "Die für den Termin eingelöste Einheit gilt weiterhin für diesen Termin.",
        "Wann: Freitag, 4. Dezember 2026",
        "Bisher: Donnerstag, 3. Dezember 2026, 16:00 bis 16:50 Uhr (",
        "Verschieben:\n- Dieser Termin wurde schon so oft verschoben, wie es online möglich ist. "
        "Bitte wenden Sie sich an Dr. Maya Chen.",
    ),
    met_elsewhere: Told(
        "Ihr Termin wurde geändert: 3. Dezember 2026, 10:00 Uhr "
        "(Nordamerikanische Ostküsten-Normalzeit)",
        "(Nordamerikanische Ostküsten-Normalzeit); für Sie: Donnerstag, 3. Dezember 2026, 16:00",
        "Bisher: Telefon\n",
        "Art: Vor Ort\nOrt: Harbor Street, 1 Harbor Street\nHinweis: We call you.",
    ),
    cancelled_late: Told(
        "Ihr Termin ist abgesagt: 3. Dezember 2026, 16:00 Uhr",
        "Harbor Wellness hat Ihren Termin abgesagt.",
        "Es fällt eine Gebühr von $ 45,00 an.",
        method="CANCEL",
    ),
    credit_returned: Told(
        "Ihr Termin ist abgesagt: 3. Dezember 2026, 16:00 Uhr",
        "Die für den Termin eingelöste Einheit wurde Ihrem Paket wieder gutgeschrieben.",
        method="CANCEL",
    ),
    credit_forfeited: Told(
        "Ihr Termin ist abgesagt: 3. Dezember 2026, 16:00 Uhr",
        "Die für den Termin eingelöste Einheit wird nicht gutgeschrieben.",
        method="CANCEL",
    ),
    reminded: Told(
        "Erinnerung: Ihr Termin am 3. Dezember 2026, 16:00 Uhr",
        "Ihr Termin steht bevor",
        method=None,
    ),
    missed: Told(
        "Ihr Termin wurde als versäumt vermerkt: 3. Dezember 2026, 16:00 Uhr",
        "Es fällt eine Gebühr von $ 45,00 an.",
        "Bis Montag, 7. Dezember 2026, 16:00 Uhr (Mitteleuropäische Normalzeit) können Sie Harbor "
        "Wellness über den Link in dieser Nachricht bitten, diese Gebühr zu erlassen.",
        "Falls das nicht stimmt, wenden Sie sich bitte an Dr. Maya Chen.",
        method=None,
    ),
    restored: Told(
        "Ihr Termin ist wieder gebucht: 3. Dezember 2026, 16:00 Uhr",
        "Harbor Wellness hat Ihren Termin wieder gebucht.",
        "Die zuvor angefallene Gebühr entfällt.",
        "Der Termin wird mit einer Einheit aus Ihrem Paket bezahlt.",
        "Absagen:\n- Kostenlos bis Mittwoch, 2. Dezember",
    ),
    waived: Told(
        "Gebühr erlassen: Ihr Termin am 3. Dezember 2026, 16:00 Uhr",
        "Harbor Wellness hat die Gebühr von $ 45,00 für diesen Termin erlassen.",
        link=False,
        method=None,
    ),
    overtaken: Told(
        "Ihr Termin ist gebucht: 3. Dezember 2026, 16:00 Uhr",
        "Dieser Termin hat sich inzwischen noch einmal geändert.",
        method=None,
    ),
}
FRENCH: dict[Happening, Told] = {
    booked: Told(
        "Votre rendez-vous est réservé\u00a0: 3 décembre 2026 à 16:00",
        "Quand\u00a0: jeudi 3 décembre 2026, de 16:00 à 16:50 (heure normale d\u2019Europe "
        "centrale)\nPrestation\u00a0: Follow-up\nAvec\u00a0: Dr. Maya Chen\nMode\u00a0: Vidéo\n"
        "Lien de connexion\u00a0: https://video",
        "Besoin de déplacer votre rendez-vous\u00a0?\nhttps://",
        "Pour annuler\u00a0:\n- Sans frais jusqu'au mercredi 2 décembre 2026 à 16:00 (heure",
        "- Avec des frais de 60,00 $US jusqu'au jeudi 3 décembre 2026 à 14:00 (heure",
        "Pour déplacer\u00a0:\n- Sans frais jusqu'au",
        "- Avec des frais de 60,00 $US jusqu'au début du rendez-vous.",
        "Conditions d'annulation\u00a0:\nPlease tell us a day ahead.",
        "Vous recevez ce message au sujet d'un rendez-vous chez Harbor Wellness.",
        "Des questions\u00a0? Répondez à ce message ou appelez le +1 212 555 0100.",
    ),
    moved: Told(
        "Votre rendez-vous a été déplacé au 4 décembre 2026 à 16:00",
        "Des frais de 45,00 $US sont dus. Ils sont à régler à Harbor Wellness.",
        "Le crédit utilisé pour ce rendez-vous lui reste affecté.",
        "Quand\u00a0: vendredi 4 décembre 2026",
        "Avant\u00a0: jeudi 3 décembre 2026, de 16:00 à 16:50 (",
        "Ce rendez-vous a déjà été déplacé autant de fois que possible en ligne. "
        "Veuillez contacter Dr. Maya Chen.",
    ),
    met_elsewhere: Told(
        "Votre rendez-vous a été modifié\u00a0: 3 décembre 2026 à 10:00 "
        "(heure normale de l\u2019Est nord-américain)",
        "(heure normale de l\u2019Est nord-américain)\u00a0; pour vous\u00a0: jeudi 3 décembre",
        "Avant\u00a0: Téléphone\n",
        "Mode\u00a0: Sur place\nLieu\u00a0: Harbor Street, 1 Harbor Street\n"
        "Bon à savoir\u00a0: We call you.",
    ),
    cancelled_late: Told(
        "Votre rendez-vous est annulé\u00a0: 3 décembre 2026 à 16:00",
        "Harbor Wellness a annulé votre rendez-vous.",
        "Des frais de 45,00 $US sont dus.",
        method="CANCEL",
    ),
    credit_returned: Told(
        "Votre rendez-vous est annulé\u00a0: 3 décembre 2026 à 16:00",
        "Le crédit utilisé pour ce rendez-vous a été remis dans votre forfait.",
        method="CANCEL",
    ),
    credit_forfeited: Told(
        "Votre rendez-vous est annulé\u00a0: 3 décembre 2026 à 16:00",
        "Le crédit utilisé pour ce rendez-vous n'est pas restitué.",
        method="CANCEL",
    ),
    reminded: Told(
        "Rappel\u00a0: votre rendez-vous du 3 décembre 2026 à 16:00",
        "Votre rendez-vous approche",
        method=None,
    ),
    missed: Told(
        "Votre rendez-vous a été noté comme manqué\u00a0: 3 décembre 2026 à 16:00",
        "Des frais de 45,00 $US sont dus.",
        "vous pouvez demander à Harbor Wellness de renoncer à ces frais, avec le lien",
        "Si c'est une erreur, veuillez contacter Dr. Maya Chen.",
        method=None,
    ),
    restored: Told(
        "Votre rendez-vous est de nouveau réservé\u00a0: 3 décembre 2026 à 16:00",
        "Harbor Wellness a réservé à nouveau votre rendez-vous.",
        "Les frais dus auparavant ne s'appliquent plus.",
        "Ce rendez-vous est réglé avec un crédit de votre forfait.",
        "Pour annuler\u00a0:\n- Sans frais jusqu'au mercredi 2 décembre",
    ),
    waived: Told(
        "Le cabinet a renoncé aux frais\u00a0: votre rendez-vous du 3 décembre 2026 à 16:00",
        "Harbor Wellness a renoncé aux frais de 45,00 $US pour ce rendez-vous.",
        link=False,
        method=None,
    ),
    overtaken: Told(
        "Votre rendez-vous est réservé\u00a0: 3 décembre 2026 à 16:00",
        "Ce rendez-vous a encore changé depuis.",
        method=None,
    ),
}
SPANISH: dict[Happening, Told] = {
    booked: Told(
        "Su cita está reservada: 3 de diciembre de 2026, 16:00",
        "Cuándo: jueves, 3 de diciembre de 2026, de 16:00 a 16:50 (hora estándar de Europa "
        "central)\nServicio: Follow-up\nCon: Dr. Maya Chen\nModalidad: Videollamada\n"
        "Enlace para conectarse: https://video",
        "¿Necesita reprogramar su cita?\nhttps://",
        "Para cancelar:\n- Sin cargo hasta el miércoles, 2 de diciembre de 2026, 16:00 (hora",
        "- Con un cargo de 60,00 US$ hasta el jueves, 3 de diciembre de 2026, 14:00 (hora",
        "Para reprogramar:\n- Sin cargo hasta el",
        "- Con un cargo de 60,00 US$ hasta el comienzo de la cita.",
        "Política de cancelación:\nPlease tell us a day ahead.",
        "Recibe este mensaje por una cita con Harbor Wellness.",
        "¿Tiene preguntas? Responda a este mensaje o llame al +1 212 555 0100.",
    ),
    moved: Told(
        "Su cita se ha reprogramado para el 4 de diciembre de 2026, 16:00",
        "Tiene pendiente un cargo de 45,00 US$. Lo cobra Harbor Wellness.",
        "El crédito usado para la cita sigue asignado a ella.",
        "Cuándo: viernes, 4 de diciembre de 2026",
        "Antes: jueves, 3 de diciembre de 2026, de 16:00 a 16:50 (",
        "Esta cita ya se ha reprogramado todas las veces que se puede en línea. "
        "Póngase en contacto con Dr. Maya Chen.",
    ),
    met_elsewhere: Told(
        "Su cita se ha modificado: 3 de diciembre de 2026, 10:00 (hora estándar oriental)",
        "(hora estándar oriental); para usted: jueves, 3 de diciembre de 2026, de 16:00",
        "Antes: Teléfono\n",
        "Modalidad: Presencial\nLugar: Harbor Street, 1 Harbor Street\n"
        "Tenga en cuenta: We call you.",
    ),
    cancelled_late: Told(
        "Su cita está cancelada: 3 de diciembre de 2026, 16:00",
        "Harbor Wellness ha cancelado su cita.",
        "Tiene pendiente un cargo de 45,00 US$.",
        method="CANCEL",
    ),
    credit_returned: Told(
        "Su cita está cancelada: 3 de diciembre de 2026, 16:00",
        "El crédito usado para la cita ha vuelto a su paquete.",
        method="CANCEL",
    ),
    credit_forfeited: Told(
        "Su cita está cancelada: 3 de diciembre de 2026, 16:00",
        "El crédito usado para la cita no se devuelve.",
        method="CANCEL",
    ),
    reminded: Told(
        "Recordatorio: su cita del 3 de diciembre de 2026, 16:00",
        "Se acerca su cita",
        method=None,
    ),
    missed: Told(
        "Se ha anotado que no asistió a su cita del 3 de diciembre de 2026, 16:00",
        "Tiene pendiente un cargo de 45,00 US$.",
        "puede pedir a Harbor Wellness que le perdone este cargo, con el enlace de este mensaje.",
        "Si no es correcto, póngase en contacto con Dr. Maya Chen.",
        method=None,
    ),
    restored: Told(
        "Su cita está reservada de nuevo: 3 de diciembre de 2026, 16:00",
        "Harbor Wellness ha vuelto a reservar su cita.",
        "El cargo que estaba pendiente queda sin efecto.",
        "La cita se paga con un crédito de su paquete.",
        "Para cancelar:\n- Sin cargo hasta el miércoles, 2 de diciembre",
    ),
    waived: Told(
        "Cargo perdonado: su cita del 3 de diciembre de 2026, 16:00",
        "Harbor Wellness ha perdonado el cargo de 45,00 US$ por esta cita.",
        link=False,
        method=None,
    ),
    overtaken: Told(
        "Su cita está reservada: 3 de diciembre de 2026, 16:00",
        "Esta cita ha vuelto a cambiar desde entonces.",
        method=None,
    ),
}
TOLD = {"de": GERMAN, "fr": FRENCH, "es": SPANISH}
CAPTIONS = {
    "de": "Möchten Sie den Termin verschieben?",
    "fr": "Besoin de déplacer votre rendez-vous\u00a0?",
    "es": "¿Necesita reprogramar su cita?",
}
CANNOT_MOVE = {"de": "Termin öffnen", "fr": "Ouvrir votre rendez-vous", "es": "Abrir su cita"}
AFTER_CANCELLATION = {
    "de": "Ihre Möglichkeiten ansehen",
    "fr": "Voir ce que vous pouvez faire",
    "es": "Ver qué puede hacer ahora",
}
DECLINING = {
    "de": "Wenn Sie diesen Kalendereintrag ablehnen oder löschen, ist der Termin nicht abgesagt.",
    "fr": "Refuser ou supprimer cet événement de l'agenda n'annule pas le rendez-vous.",
    "es": "Rechazar o eliminar esta entrada del calendario no cancela la cita.",
}


LATE = {
    "de": (
        "2. Dezember 2026, 16:00 Uhr (Mitteleuropäische Normalzeit). Diese Frist ist abgelaufen.\n"
        "- Bis Donnerstag, 3. Dezember 2026, 14:00 Uhr (Mitteleuropäische Normalzeit), "
        "aber die Einheit wird nicht gutgeschrieben. Diese Frist ist abgelaufen.\n"
        "- So kurz vor dem Termin ist das online nicht mehr möglich. "
        "Bitte wenden Sie sich an Dr. Maya Chen.\n\n"
        "Verschieben:\n- Bei diesem Termin ist das online nicht möglich. Bitte"
    ),
    "fr": (
        "2 décembre 2026 à 16:00 (heure normale d\u2019Europe centrale). Ce délai est dépassé.\n"
        "- Jusqu'au jeudi 3 décembre 2026 à 14:00 (heure normale d\u2019Europe centrale), "
        "mais le crédit n'est pas restitué. Ce délai est dépassé.\n"
        "- Le rendez-vous est trop proche pour le faire en ligne. "
        "Veuillez contacter Dr. Maya Chen.\n\n"
        "Pour déplacer\u00a0:\n- Ce n'est pas possible en ligne pour ce rendez-vous. Veuillez"
    ),
    "es": (
        "2 de diciembre de 2026, 16:00 (hora estándar de Europa central). "
        "Este plazo ya ha pasado.\n"
        "- Hasta el jueves, 3 de diciembre de 2026, 14:00 (hora estándar de Europa central), "
        "pero el crédito no se devuelve. Este plazo ya ha pasado.\n"
        "- Falta muy poco para la cita y ya no se puede hacer en línea. "
        "Póngase en contacto con Dr. Maya Chen.\n\n"
        "Para reprogramar:\n- Esto no se puede hacer en línea para esta cita. Póngase"
    ),
}


async def speaks(world: World, locale: str, zone: str) -> None:
    await world.change(Client, world.client_id, locale=locale, time_zone=zone)


def own_words(text: str) -> str:
    """Remove the markup and the text that people typed."""
    return TYPED.sub(" ", re.sub(r"<[^>]*>", " ", text))


@pytest.mark.parametrize("happening", GERMAN, ids=lambda happening: happening.__name__)
@pytest.mark.parametrize("language", TOLD)
async def test_a_mail_is_in_the_language_of_the_client(
    read: Any, scenario: Scenario, world: World, language: str, happening: Happening
) -> None:
    locale, zone = READERS[language]
    await speaks(world, locale, zone)
    await world.add_policy(LATE_FEE)
    mail: Read = await read(*await happening(scenario))
    told = TOLD[language][happening]
    assert mail.subject == told.subject
    for sentence in told.sentences:
        assert sentence in mail.text
    assert mail.mail["Content-Language"] == locale
    assert f'<html lang="{locale}">' in mail.html
    for part in (mail.subject, mail.text, mail.html.partition("<body")[2]):
        assert ENGLISH.findall(own_words(part)) == []
        assert "{" not in part
    assert ("/portal/#" in mail.text + mail.html) == told.link
    if told.link:
        is_over = told.method == "CANCEL" or happening is missed
        captions = AFTER_CANCELLATION if is_over else CAPTIONS
        if happening in {moved, met_elsewhere, overtaken}:
            captions = CANNOT_MOVE  # any more: once was the limit
        assert mail.link[0] == captions[language]
    assert ("text/calendar" in mail.parts) == (told.method is not None)
    if told.method is not None:
        method, event = mail.calendar
        assert method == told.method
        says_so = str(event["DESCRIPTION"]).splitlines()[-1] == DECLINING[language]
        assert says_so == (method == "REQUEST")
        assert ENGLISH.findall(own_words(str(event["DESCRIPTION"]))) == []


async def test_the_list_of_english_words_finds_english(read: Any, scenario: Scenario) -> None:
    mail = await read(await scenario.book(), "booked")
    assert len(ENGLISH.findall(own_words(mail.text))) > 20
    assert ENGLISH.search(own_words(mail.subject))


@pytest.mark.parametrize("language", TOLD)
async def test_late_or_closed_is_said_in_the_clients_language(
    read: Any, scenario: Scenario, world: World, language: str
) -> None:
    await speaks(world, *READERS[language])
    late = LATE_FEE["cancel"] | {"late_credit": "forfeited"}
    await world.add_policy({"cancel": late, "reschedule": {"enabled": False}})
    package_id = await world.add_package()
    session_id = await scenario.book(package_id=package_id)
    mail: Read = await read(session_id, "reminder", now=START - timedelta(hours=1))
    assert LATE[language] in mail.text
    assert ENGLISH.findall(own_words(mail.text)) == []


@pytest.mark.parametrize("language", TOLD)
async def test_the_practitioner_reads_english(
    read: Any, scenario: Scenario, world: World, language: str
) -> None:
    await speaks(world, *READERS[language])
    session_id = await scenario.book()
    mail = await read(session_id, "booked", "practitioner")
    # As times are written in the region of the practitioner's time zone.
    assert mail.subject == "Session booked: December 3, 2026, 10:00 AM"
    assert mail.mail["Content-Language"] == "en-US"
    assert '<html lang="en-US">' in mail.html


async def test_another_language_falls_back_to_english(
    read: Any, scenario: Scenario, world: World
) -> None:
    await speaks(world, "pt-BR", "America/Sao_Paulo")
    mail = await read(await scenario.book(), "booked")
    # Dates as in Brazil: day first, 24 hours. The American order would be misread there.
    assert mail.subject == "Your session is booked: 3 December 2026, 12:00"
    assert mail.mail["Content-Language"] == "en-150"
    assert '<html lang="en-150">' in mail.html


@pytest.mark.parametrize(
    ("locale", "when", "fee"),
    [
        ("de-CH", "3. Dezember 2026, 16:00 Uhr", "$ 45.00"),
        ("fr-CA", "3 décembre 2026 à 16 h 00", "45,00 $ US"),
        ("es-MX", "3 de diciembre de 2026, 4:00 p.m.", "USD45.00"),
        ("en-GB", "3 December 2026, 16:00", "US$45.00"),
        ("es-XX", "3 de diciembre de 2026, 16:00", "45,00 US$"),
    ],
)
def test_a_region_has_its_own_formats(locale: str, when: str, fee: str) -> None:
    say = Formatter(locale, ZoneInfo("Europe/Paris"))
    assert (say.day(START), say.money(FEE)) == (when, fee)


@pytest.mark.parametrize(
    ("locale", "first", "eleventh"),
    [
        ("fr-FR", "mardi 1er décembre 2026", "vendredi 11 décembre 2026"),
        ("fr-CA", "mardi 1er décembre 2026", "vendredi 11 décembre 2026"),
        ("de-DE", "Dienstag, 1. Dezember 2026", "Freitag, 11. Dezember 2026"),
        ("en-GB", "Tuesday, 1 December 2026", "Friday, 11 December 2026"),
    ],
)
def test_the_first_of_a_month_is_counted_in_french(locale: str, first: str, eleventh: str) -> None:
    say = Formatter(locale, ZoneInfo("Europe/Paris"))
    days = date(2026, 12, 1), date(2026, 12, 11)
    assert tuple(say.date(day) for day in days) == (first, eleventh)
    brief = say.brief(datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert ("1er" in brief) is locale.startswith("fr")


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        (
            "de-DE",
            "Donnerstag, 3. Dezember 2026, 23:30 Uhr bis Freitag, 4. Dezember 2026, 00:30 Uhr (",
        ),
        ("fr-FR", "du jeudi 3 décembre 2026 à 23:30 au vendredi 4 décembre 2026 à 00:30 ("),
        (
            "es-ES",
            "del jueves, 3 de diciembre de 2026, 23:30 al viernes, 4 de diciembre de 2026, 0:30 (",
        ),
    ],
)
def test_a_session_over_midnight_names_both_days(locale: str, written: str) -> None:
    start = datetime(2026, 12, 3, 22, 30, tzinfo=UTC)
    span = Formatter(locale, ZoneInfo("Europe/Paris")).span(start, start + timedelta(hours=1))
    assert span.startswith(written)
