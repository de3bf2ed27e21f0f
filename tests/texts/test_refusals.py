"""Every code that the domain returns has a sentence in each language."""

import pytest

from app.domain.availability import EmptyReason
from app.domain.policy.decide import RefusalCode
from app.texts.catalogue import LANGUAGES, Texts
from app.texts.refusals import empty_text, refusal_text

_TELLS_WHOM_TO_ASK = {
    RefusalCode.ABSENCE_ANNOUNCED,
    RefusalCode.ACTION_DISABLED,
    RefusalCode.NOTICE_TOO_SHORT,
    RefusalCode.RESCHEDULE_LIMIT_REACHED,
}


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_every_refusal_has_a_sentence_of_its_own(texts: Texts) -> None:
    said = {code: refusal_text(code, "Dr Wu {0}", texts) for code in RefusalCode}
    assert len(set(said.values())) == len(RefusalCode)
    assert {code for code, text in said.items() if "Dr Wu {0}" in text} == _TELLS_WHOM_TO_ASK


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_every_reason_for_an_empty_range_has_a_sentence_of_its_own(texts: Texts) -> None:
    assert len({empty_text(reason, texts) for reason in EmptyReason}) == len(EmptyReason)
