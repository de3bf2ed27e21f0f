"""Spanish, in words that are at home in Spain and in America."""

from app.notices.texts import Texts, Title

SPANISH = Texts(
    moment="{date}, {time}",
    span="{date}, de {start} a {end}",
    span_over_change="{date}, de {start} ({start_zone}) a {end} ({end_zone})",
    span_of_days="del {start} al {end}",
    booked=Title("Su cita está reservada", "Su cita está reservada: {day}"),
    rescheduled=Title("Su cita se ha reprogramado", "Su cita se ha reprogramado para el {day}"),
    format_changed=Title("Su cita se ha modificado", "Su cita se ha modificado: {day}"),
    cancelled=Title("Su cita está cancelada", "Su cita está cancelada: {day}"),
    reminder=Title("Se acerca su cita", "Recordatorio: su cita del {day}"),
    noshow=Title(
        "Se ha anotado que no asistió a su cita", "Se ha anotado que no asistió a su cita del {day}"
    ),
    restored=Title("Su cita está reservada de nuevo", "Su cita está reservada de nuevo: {day}"),
    fee_waived=Title("Su cargo queda anulado", "Cargo anulado: su cita del {day}"),
    done_by_practice="Este cambio lo hizo {practice}.",
    fee_due="Tiene pendiente un cargo de {fee}. Lo cobra {practice}.",
    fee_is_waived="El cargo de {fee} por esta cita queda anulado. No tiene que pagarlo.",
    fee_is_void="El cargo que estaba pendiente queda sin efecto.",
    credit_returned="El crédito usado para la cita ha vuelto a su paquete.",
    credit_forfeited="El crédito usado para la cita no se devuelve.",
    credit_kept="El crédito usado para la cita sigue asignado a ella.",
    credit_pays="La cita se paga con un crédito de su paquete.",
    carries_fee="Cancelar después del cambio cuesta al menos {fee}.",
    carries_forfeit="Si se cancela después del cambio, el crédito no se devuelve.",
    if_wrong="Si no es correcto, póngase en contacto con {name}.",
    changed_since=(
        "Esta cita ha vuelto a cambiar desde entonces. Un mensaje más reciente indica cómo queda."
    ),
    colon=":",
    when="Cuándo",
    before="Antes",
    service="Servicio",
    practitioner="Con",
    format="Modalidad",
    place="Lugar",
    join="Enlace para conectarse",
    instructions="Tenga en cuenta",
    in_person="Presencial",
    video="Videollamada",
    phone="Teléfono",
    to_cancel="Para cancelar",
    to_reschedule="Para cambiar la cita",
    to_cancel_or_reschedule="Para cancelar o cambiar la cita",
    free_until="Sin cargo hasta el {until}.",
    free_until_start="Sin cargo hasta el comienzo de la cita.",
    fee_until="Con un cargo de {fee} hasta el {until}.",
    fee_until_start="Con un cargo de {fee} hasta el comienzo de la cita.",
    credit_lost_until="Hasta el {until}, pero el crédito no se devuelve.",
    credit_lost_until_start="Hasta el comienzo de la cita, pero el crédito no se devuelve.",
    is_past="Este plazo ya ha pasado.",
    session_not_booked="Esta cita ya no está reservada, por lo que no se puede cambiar.",
    session_started="Esta cita ya ha comenzado, por lo que no se puede cambiar en línea.",
    action_disabled=(
        "Esto no se puede hacer en línea para esta cita. Póngase en contacto con {name}."
    ),
    notice_too_short=(
        "Falta muy poco para la cita y ya no se puede hacer en línea. "
        "Póngase en contacto con {name}."
    ),
    reschedule_limit_reached=(
        "Esta cita ya se ha cambiado todas las veces que se puede en línea. "
        "Póngase en contacto con {name}."
    ),
    need_to_reschedule="¿Necesita cambiar su cita?",
    policy="Política de cancelación",
    why_this_mail="Recibe este mensaje por una cita con {practice}.",
    questions="¿Tiene preguntas? Responda a este mensaje.",
    questions_with_phone="¿Tiene preguntas? Responda a este mensaje o llame al {phone}.",
    declining_cancels_nothing=(
        "Rechazar o eliminar esta entrada del calendario no cancela la cita."
    ),
)
