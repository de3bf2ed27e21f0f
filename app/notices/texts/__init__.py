"""The words of mails to clients and of their calendar entries: one `Texts` for each language.

Sentences have named placeholders. What is put in is never inflected: names, amounts, and dates as
Babel writes them, so a sentence must read well with any of them. Clients are addressed formally.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Title:
    """What stands at the head of a mail. `{day}`: date and time; nothing that a person typed."""

    heading: str
    subject: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All that is said in one language.

    `{until}`, `{start}`, `{end}`: date and time, or within a day (`span`, `span_over_change`) the
    time alone. `{start_zone}`, `{end_zone}`: names of time zones. `{fee}`: an amount.
    `{practice}`, `{name}` (the practitioner's), `{phone}`: as they were typed.
    """

    # When: `moment` has a date and a time, `span` is within one day, `span_of_days` is not.
    # `span_over_change` is within a day on which clocks change in between.
    moment: str
    span: str
    span_over_change: str
    span_of_days: str

    booked: Title
    rescheduled: Title
    format_changed: Title
    cancelled: Title
    reminder: Title
    noshow: Title
    restored: Title
    fee_waived: Title

    # What was done, and what it costs. Which change caused a voided fee is not known here.
    done_by_practice: str
    fee_due: str
    fee_is_waived: str
    fee_is_void: str
    credit_returned: str
    credit_forfeited: str
    credit_kept: str
    credit_pays: str
    carries_fee: str
    carries_forfeit: str
    if_wrong: str
    changed_since: str

    # Labels. `colon` stands behind one in plain text.
    colon: str
    when: str
    before: str
    service: str
    practitioner: str
    format: str
    place: str
    join: str
    instructions: str
    in_person: str
    video: str
    phone: str

    # What the policy allows until when.
    to_cancel: str
    to_reschedule: str
    to_cancel_or_reschedule: str
    free_until: str
    free_until_start: str
    fee_until: str
    fee_until_start: str
    credit_lost_until: str
    credit_lost_until_start: str
    is_past: str

    # Why something cannot be done, by the code of the refusal.
    session_not_booked: str
    session_started: str
    action_disabled: str
    notice_too_short: str
    reschedule_limit_reached: str

    need_to_reschedule: str
    policy: str
    why_this_mail: str
    questions: str
    questions_with_phone: str
    declining_cancels_nothing: str
