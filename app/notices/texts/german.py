"""German, for all of its countries: no letter that Switzerland does not write."""

from app.notices.texts import Texts, Title

GERMAN = Texts(
    moment="{date}, {time} Uhr",
    span="{date}, {start} bis {end} Uhr",
    span_over_change="{date}, {start} Uhr ({start_zone}) bis {end} Uhr ({end_zone})",
    span_of_days="{start} bis {end}",
    booked=Title("Ihr Termin ist gebucht", "Ihr Termin ist gebucht: {day}"),
    rescheduled=Title("Ihr Termin wurde verschoben", "Ihr Termin wurde verschoben, neu: {day}"),
    format_changed=Title("Ihr Termin wurde geändert", "Ihr Termin wurde geändert: {day}"),
    cancelled=Title("Ihr Termin ist abgesagt", "Ihr Termin ist abgesagt: {day}"),
    reminder=Title("Ihr Termin steht bevor", "Erinnerung: Ihr Termin am {day}"),
    noshow=Title(
        "Ihr Termin wurde als versäumt vermerkt", "Ihr Termin wurde als versäumt vermerkt: {day}"
    ),
    restored=Title("Ihr Termin ist wieder gebucht", "Ihr Termin ist wieder gebucht: {day}"),
    fee_waived=Title("Ihre Gebühr wurde erlassen", "Gebühr erlassen: Ihr Termin am {day}"),
    done_by_practice="Diese Änderung stammt von {practice}.",
    fee_due="Es fällt eine Gebühr von {fee} an. Die Abrechnung übernimmt {practice}.",
    fee_is_waived=(
        "Die Gebühr von {fee} für diesen Termin wurde erlassen. Sie müssen sie nicht bezahlen."
    ),
    fee_is_void="Die zuvor angefallene Gebühr entfällt.",
    credit_returned=(
        "Die für den Termin eingelöste Einheit wurde Ihrem Paket wieder gutgeschrieben."
    ),
    credit_forfeited="Die für den Termin eingelöste Einheit wird nicht gutgeschrieben.",
    credit_kept="Die für den Termin eingelöste Einheit gilt weiterhin für diesen Termin.",
    credit_pays="Der Termin wird mit einer Einheit aus Ihrem Paket bezahlt.",
    carries_fee="Eine Absage nach der Verschiebung kostet mindestens {fee}.",
    carries_forfeit="Bei einer Absage nach der Verschiebung wird die Einheit nicht gutgeschrieben.",
    if_wrong="Falls das nicht stimmt, wenden Sie sich bitte an {name}.",
    changed_since=(
        "Dieser Termin hat sich inzwischen noch einmal geändert. "
        "Den aktuellen Stand finden Sie in einer neueren Nachricht."
    ),
    colon=":",
    when="Wann",
    before="Bisher",
    service="Leistung",
    practitioner="Bei",
    format="Art",
    place="Ort",
    join="Teilnahme",
    instructions="Hinweis",
    in_person="Vor Ort",
    video="Video",
    phone="Telefon",
    to_cancel="Absagen",
    to_reschedule="Verschieben",
    to_cancel_or_reschedule="Absagen oder verschieben",
    free_until="Kostenlos bis {until}.",
    free_until_start="Kostenlos bis zum Beginn des Termins.",
    fee_until="Gegen eine Gebühr von {fee} bis {until}.",
    fee_until_start="Gegen eine Gebühr von {fee} bis zum Beginn des Termins.",
    credit_lost_until="Bis {until}, aber die Einheit wird nicht gutgeschrieben.",
    credit_lost_until_start=(
        "Bis zum Beginn des Termins, aber die Einheit wird nicht gutgeschrieben."
    ),
    is_past="Diese Frist ist abgelaufen.",
    session_not_booked=(
        "Dieser Termin ist nicht mehr gebucht und kann daher nicht geändert werden."
    ),
    session_started=(
        "Dieser Termin hat schon begonnen und kann daher nicht mehr online geändert werden."
    ),
    action_disabled=(
        "Bei diesem Termin ist das online nicht möglich. Bitte wenden Sie sich an {name}."
    ),
    notice_too_short=(
        "So kurz vor dem Termin ist das online nicht mehr möglich. Bitte wenden Sie sich an {name}."
    ),
    reschedule_limit_reached=(
        "Dieser Termin wurde schon so oft verschoben, wie es online möglich ist. "
        "Bitte wenden Sie sich an {name}."
    ),
    need_to_reschedule="Möchten Sie den Termin verschieben?",
    policy="Bedingungen für Absagen",
    why_this_mail="Sie erhalten diese Nachricht wegen eines Termins bei {practice}.",
    questions="Haben Sie Fragen? Antworten Sie auf diese Nachricht.",
    questions_with_phone=(
        "Haben Sie Fragen? Antworten Sie auf diese Nachricht oder rufen Sie an: {phone}."
    ),
    declining_cancels_nothing=(
        "Wenn Sie diesen Kalendereintrag ablehnen oder löschen, ist der Termin nicht abgesagt."
    ),
)
