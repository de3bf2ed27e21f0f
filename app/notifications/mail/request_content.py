"""Writes what a mail to a client says of a move request (product.md section 10)."""

from app.mail.sanitize import lines, one_line
from app.mail.texts.formatter import Formatter
from app.notifications.mail.data import MailData
from app.notifications.mail.facts import Fact


def request_sentences(data: MailData, formatter: Formatter) -> tuple[str, ...]:
    """Write who asks, what has become of the session, until when to answer, and at what cost."""
    texts, request = formatter.texts, data.request
    if request is None:
        return ()
    practice, until = one_line(data.practice_name), formatter.instant(request.answer_by)
    is_cancelled = request.is_cancelled
    sentences = [texts("mail.practice-asks", practice=practice)]
    if is_cancelled:
        sentences.append(texts("mail.asked-is-cancelled"))
        if data.change.credit is not None and not data.others:
            sentences.append(texts("mail.credit-returned"))
    sentences.append(texts("mail.answer-by", until=until))
    sentences.append(
        texts("mail.unanswered-stays-cancelled" if is_cancelled else "mail.unanswered-stays")
    )
    return tuple(sentences)


def asked_facts(data: MailData, formatter: Formatter) -> tuple[Fact, ...]:
    """Write the practice's note, and the starts that it proposes for the only session."""
    request, texts = data.request, formatter.texts
    if data.kind != "move_request" or request is None:
        return ()
    facts = []
    if request.note is not None:
        facts.append(Fact(texts("mail.practice-note"), lines(request.note)))
    if not data.others and request.proposals:
        starts = "\n".join(formatter.instant(start) for start in request.proposals)
        facts.append(Fact(texts("mail.proposals"), starts))
    return tuple(facts)
