"""English, also for those whose language is none of ours."""

from app.notices.texts import Texts, Title

ENGLISH = Texts(
    moment="{date}, {time}",
    span="{date}, {start} to {end}",
    span_of_days="{start} to {end}",
    booked=Title("Your session is booked", "Your session is booked: {day}"),
    rescheduled=Title("Your session has moved", "Your session has moved to {day}"),
    format_changed=Title("Your session has changed", "Your session has changed: {day}"),
    cancelled=Title("Your session is cancelled", "Your session is cancelled: {day}"),
    reminder=Title("Your session is coming up", "Reminder: your session on {day}"),
    noshow=Title("Your session was marked as missed", "Your session was marked as missed: {day}"),
    restored=Title("Your session is booked again", "Your session is booked again: {day}"),
    fee_waived=Title("Your fee is waived", "Fee waived: your session on {day}"),
    done_by_practice="This was done by {practice}.",
    fee_due="A fee of {fee} is due. {practice} collects it.",
    fee_is_waived="The fee of {fee} for this session is waived. You do not have to pay it.",
    fee_is_void="The fee that was due before no longer applies.",
    credit_returned="The credit that paid for the session is back in the package.",
    credit_forfeited="The credit that paid for the session is not returned.",
    credit_kept="The credit that pays for the session stays with it.",
    credit_pays="A credit from the package pays for the session.",
    carries_fee="A cancellation after the move costs at least {fee}.",
    carries_forfeit="A cancellation after the move does not return the credit.",
    if_wrong="If this is not right, please contact {name}.",
    changed_since=(
        "This session has changed again since this message was due. "
        "A newer message says how it stands now."
    ),
    colon=":",
    when="When",
    before="Before",
    service="Service",
    practitioner="With",
    format="Format",
    place="Where",
    join="Join",
    instructions="Good to know",
    in_person="In person",
    video="Video",
    phone="Phone",
    to_cancel="To cancel",
    to_reschedule="To reschedule",
    to_cancel_or_reschedule="To cancel or reschedule",
    free_until="Free of charge until {until}.",
    free_until_start="Free of charge until the session starts.",
    fee_until="For a fee of {fee} until {until}.",
    fee_until_start="For a fee of {fee} until the session starts.",
    credit_lost_until="Until {until}, but the credit is not returned.",
    credit_lost_until_start="Until the session starts, but the credit is not returned.",
    is_past="This time has passed.",
    session_not_booked="This session is no longer booked, so it cannot be changed.",
    session_started="This session has already started, so it cannot be changed online.",
    action_disabled="This cannot be done online for this session. Please contact {name}.",
    notice_too_short="It is too close to the session to do this online. Please contact {name}.",
    reschedule_limit_reached=(
        "This session has already been moved as often as it can be online. Please contact {name}."
    ),
    need_to_reschedule="Need to reschedule?",
    policy="Cancellation policy",
    why_this_mail="You get this message because of a session with {practice}.",
    questions="Questions? Reply to this message.",
    questions_with_phone="Questions? Reply to this message, or call {phone}.",
    declining_cancels_nothing=(
        "Declining or deleting this calendar entry does not cancel the session."
    ),
)
