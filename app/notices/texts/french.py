r"""French. \u00a0 is the space that keeps a mark on the line of its word."""

from app.notices.texts import Texts, Title

FRENCH = Texts(
    moment="{date} à {time}",
    span="{date}, de {start} à {end}",
    span_over_change="{date}, de {start} ({start_zone}) à {end} ({end_zone})",
    span_of_days="du {start} au {end}",
    booked=Title("Votre rendez-vous est réservé", "Votre rendez-vous est réservé\u00a0: {day}"),
    rescheduled=Title(
        "Votre rendez-vous a été déplacé", "Votre rendez-vous a été déplacé au {day}"
    ),
    format_changed=Title(
        "Votre rendez-vous a été modifié", "Votre rendez-vous a été modifié\u00a0: {day}"
    ),
    cancelled=Title("Votre rendez-vous est annulé", "Votre rendez-vous est annulé\u00a0: {day}"),
    reminder=Title("Votre rendez-vous approche", "Rappel\u00a0: votre rendez-vous du {day}"),
    noshow=Title(
        "Votre rendez-vous a été noté comme manqué",
        "Votre rendez-vous a été noté comme manqué\u00a0: {day}",
    ),
    restored=Title(
        "Votre rendez-vous est de nouveau réservé",
        "Votre rendez-vous est de nouveau réservé\u00a0: {day}",
    ),
    fee_waived=Title("Vos frais sont annulés", "Frais annulés\u00a0: votre rendez-vous du {day}"),
    done_by_practice="Cette modification a été faite par {practice}.",
    fee_due="Des frais de {fee} sont dus. Ils sont à régler à {practice}.",
    fee_is_waived=(
        "Les frais de {fee} pour ce rendez-vous sont annulés. Vous n'avez pas à les payer."
    ),
    fee_is_void="Les frais dus auparavant ne s'appliquent plus.",
    credit_returned="Le crédit utilisé pour ce rendez-vous a été remis dans votre forfait.",
    credit_forfeited="Le crédit utilisé pour ce rendez-vous n'est pas restitué.",
    credit_kept="Le crédit utilisé pour ce rendez-vous lui reste affecté.",
    credit_pays="Ce rendez-vous est réglé avec un crédit de votre forfait.",
    carries_fee="Une annulation après le déplacement coûte au moins {fee}.",
    carries_forfeit="En cas d'annulation après le déplacement, le crédit n'est pas restitué.",
    if_wrong="Si c'est une erreur, veuillez contacter {name}.",
    changed_since=(
        "Ce rendez-vous a encore changé depuis. Un message plus récent indique où il en est."
    ),
    colon="\u00a0:",
    when="Quand",
    before="Avant",
    service="Prestation",
    practitioner="Avec",
    format="Mode",
    place="Lieu",
    join="Lien de connexion",
    instructions="Bon à savoir",
    in_person="Sur place",
    video="Vidéo",
    phone="Téléphone",
    to_cancel="Pour annuler",
    to_reschedule="Pour déplacer",
    to_cancel_or_reschedule="Pour annuler ou déplacer",
    free_until="Sans frais jusqu'au {until}.",
    free_until_start="Sans frais jusqu'au début du rendez-vous.",
    fee_until="Avec des frais de {fee} jusqu'au {until}.",
    fee_until_start="Avec des frais de {fee} jusqu'au début du rendez-vous.",
    credit_lost_until="Jusqu'au {until}, mais le crédit n'est pas restitué.",
    credit_lost_until_start="Jusqu'au début du rendez-vous, mais le crédit n'est pas restitué.",
    is_past="Ce délai est dépassé.",
    session_not_booked="Ce rendez-vous n'est plus réservé et ne peut donc pas être modifié.",
    session_started=("Ce rendez-vous a déjà commencé et ne peut donc plus être modifié en ligne."),
    action_disabled=(
        "Ce n'est pas possible en ligne pour ce rendez-vous. Veuillez contacter {name}."
    ),
    notice_too_short=(
        "Le rendez-vous est trop proche pour le faire en ligne. Veuillez contacter {name}."
    ),
    reschedule_limit_reached=(
        "Ce rendez-vous a déjà été déplacé autant de fois que possible en ligne. "
        "Veuillez contacter {name}."
    ),
    need_to_reschedule="Besoin de déplacer votre rendez-vous\u00a0?",
    policy="Conditions d'annulation",
    why_this_mail="Vous recevez ce message au sujet d'un rendez-vous chez {practice}.",
    questions="Des questions\u00a0? Répondez à ce message.",
    questions_with_phone="Des questions\u00a0? Répondez à ce message ou appelez le {phone}.",
    declining_cancels_nothing=(
        "Refuser ou supprimer cet événement de l'agenda n'annule pas le rendez-vous."
    ),
)
