"""Present what rules say, and what may not be meant by them, in the reader's language."""

from collections.abc import Sequence
from datetime import time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import get_day_names
from babel.lists import format_list
from babel.numbers import format_percent

from app.domain.money import Money
from app.domain.policy.reasons import OwnReason
from app.domain.policy.rules import Deadline, ElapsedNotice, FixedFee, PercentFee, WallClock
from app.domain.policy.sentences import Sentence, Value
from app.domain.policy.warnings import PolicyWarning
from app.mail.texts.formatter import Formatter
from app.policies.proof import Proof
from app.policies.schemas import PolicyProof, PolicyWarningView
from app.texts.catalogue import Texts
from app.texts.reasons import label_of

_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
# A notice of more hours is told in days, if it is whole days.
_MOST_HOURS = 72


def present_proof(proof: Proof, texts: Texts) -> PolicyProof:
    """Present the sentences and the warnings."""
    writer = _Writer(texts, proof.currency)
    return PolicyProof(
        sentences=[writer.sentence(one) for one in proof.sentences],
        warnings=[writer.warning(one) for one in proof.warnings],
    )


class _Writer:
    """Writes sentences about rules in one language."""

    def __init__(self, texts: Texts, currency: str) -> None:
        self._texts = texts
        self._currency = currency
        self._formatter = Formatter(texts.language, ZoneInfo("UTC"))

    def sentence(self, said: Sentence) -> str:
        values = {name: self._value(value) for name, value in said.values.items()}
        if said.number is None:
            return self._texts(said.key, **values)
        return self._texts.counted(said.key, said.number, **values)

    def warning(self, found: PolicyWarning) -> PolicyWarningView:
        service = found.service
        values: dict[str, str] = {}
        if service is not None:
            values |= {"service": service.name, "price": self._formatter.money(service.price)}
        if found.fee is not None:
            values |= {"fee": self._formatter.money(found.fee)}
        if found.weekdays:
            values |= {"weekdays": self._weekdays(found.weekdays)}
        return PolicyWarningView(
            code=found.code.value,
            pointer=found.pointer,
            service_id=None if service is None else service.id,
            sentence=self._texts(f"proof.{found.code}", **values),
        )

    def _value(self, value: Value) -> str:
        if isinstance(value, FixedFee):
            return self._formatter.money(Money(value.amount_minor, self._currency))
        if isinstance(value, PercentFee):
            return self._percent(value.percent)
        if isinstance(value, tuple):
            return self._reasons(value)
        if isinstance(value, timedelta):
            is_hours = value % _HOUR == timedelta()
            unit, kind = (_HOUR, "hours") if is_hours else (_MINUTE, "minutes")
            return self._counted(f"rules.duration.{kind}", value // unit)
        return str(value) if isinstance(value, int) else self._deadline(value)

    def _deadline(self, deadline: Deadline) -> str:
        if isinstance(deadline, ElapsedNotice):
            return self._notice(deadline.before)
        at = self._time(deadline.at)
        if not isinstance(deadline, WallClock):
            if deadline.days == 0:
                return self._texts("rules.deadline.same-day", time=at)
            return self._counted("rules.deadline.working-days", deadline.days, time=at)
        if deadline.days_before == 0:
            return self._texts("rules.deadline.same-day", time=at)
        if deadline.days_before == 1:
            return self._texts("rules.deadline.day-before", time=at)
        return self._counted("rules.deadline.earlier-day", deadline.days_before, time=at)

    def _notice(self, before: timedelta) -> str:
        if before % _HOUR:
            return self._counted("rules.deadline.minutes", before // _MINUTE)
        hours = before // _HOUR
        if hours > _MOST_HOURS and hours % 24 == 0:
            return self._counted("rules.deadline.days", hours // 24)
        return self._counted("rules.deadline.hours", hours)

    def _counted(self, key: str, count: int, **values: str) -> str:
        return self._texts.counted(key, count, count=count, **values)

    def _percent(self, percent: Decimal) -> str:
        share = percent / 100
        written = format_percent(share, locale=self._texts.language, decimal_quantization=False)
        return written.replace("\u202f", " ").replace("\u00a0", " ")

    def _time(self, at: time) -> str:
        return self._formatter.clock(at)

    def _reasons(self, reasons: Sequence[OwnReason]) -> str:
        labels = [label_of(reason, self._texts) for reason in reasons]
        return format_list(labels, locale=self._texts.language)

    def _weekdays(self, days: Sequence[int]) -> str:
        names = get_day_names("wide", locale=self._texts.language)
        return format_list([names[day - 1] for day in days], locale=self._texts.language)
