"""Writes what a mail to a client says of a move request (product.md section 10)."""

from app.mail.sanitize import lines, one_line
from app.mail.texts.formatter import Formatter
from app.notifications.mail.data import MailData
from app.notifications.mail.facts import Fact, meeting_of, start_of
from app.texts.catalogue import Texts


def request_sentences(data: MailData, formatter: Formatter) -> tuple[str, ...]:
    """Write who asks, what has become of the session, until when to answer, and at what cost."""
    texts, request = formatter.texts, data.request
    if request is None:
        return ()
    practice, is_cancelled = one_line(data.practice_name), request.is_cancelled
    until = formatter.instant(request.answer_by)
    if not is_cancelled:
        return (
            texts("mail.practice-asks", practice=practice),
            texts("mail.answer-by", until=until),
            *_only_before_start(data, texts),
            texts("mail.unanswered-stays"),
        )
    sentences = [
        texts("mail.asked-is-cancelled"),
        texts("mail.practice-asks-for-another-time", practice=practice),
        texts("mail.book-again-by", until=until),
        *_only_before_start(data, texts),
        texts("mail.unanswered-stays-cancelled"),
    ]
    if data.change.credit is not None and not data.others:
        sentences.insert(1, texts("mail.credit-returned"))
    return tuple(sentences)


def _only_before_start(data: MailData, texts: Texts) -> tuple[str, ...]:
    """Write that a session which starts before the others' last instant is answered until then."""
    asked = [one for one in (data, *data.others) if one.asked is not None]
    if data.request is None or all(data.request.answer_by <= one.starts_at for one in asked):
        return ()
    return (texts("mail.answer-before-start"),)


def asked_facts(data: MailData, formatter: Formatter) -> tuple[Fact, ...]:
    """Write the practice's note, and the starts that it proposes for the only session."""
    request, texts = data.request, formatter.texts
    if data.kind != "move_request" or request is None:
        return ()
    facts = []
    if request.note is not None:
        facts.append(Fact(texts("mail.practice-note"), lines(request.note), is_typed=True))
    if not data.others and request.proposals:
        starts = "\n".join(
            start_of(meeting_of(data), start, formatter) for start in request.proposals
        )
        facts.append(Fact(texts("mail.proposals"), starts))
    return tuple(facts)
