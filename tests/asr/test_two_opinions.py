"""Two listeners: when both are asked, and which of them is believed."""

from __future__ import annotations

import pytest

from voicebot.asr.port import Candidate, Domain, Recognition, Sentence, Verdict
from voicebot.asr.two_opinions import better, is_doubtful

CLOSED = Domain("open", "ko", (Sentence("배송 언제 와요", "order_status"), Sentence("취소해 주세요", "cancel")))
OPEN = Domain("remark", "ko", (), open_question=True)
DIGITS = Domain("order_number", "ko", (), digits=frozenset({8}))


def heard(verdict: Verdict, meaning: str = "order_status", score: float = 0.6, listener: str = "first") -> Recognition:
    candidates = () if verdict is Verdict.REJECT else (Candidate(meaning, meaning, score),)
    return Recognition(meaning, meaning, verdict, score, listener, "ko", candidates)


@pytest.mark.parametrize(
    ("verdict", "domain", "doubtful"),
    [
        (Verdict.ACCEPT, CLOSED, False),
        (Verdict.CONFIRM, CLOSED, True),
        (Verdict.REJECT, CLOSED, True),
        (Verdict.ACCEPT, OPEN, True),
        (Verdict.CONFIRM, DIGITS, False),
        (Verdict.REJECT, DIGITS, True),
    ],
)
def test_the_second_is_asked_where_the_caller_would_be(verdict: Verdict, domain: Domain, doubtful: bool) -> None:
    assert is_doubtful(heard(verdict), domain) is doubtful


def test_without_a_second_the_first_holds() -> None:
    for verdict in Verdict:
        assert better(heard(verdict), None, CLOSED) == heard(verdict)


def test_two_who_agree_are_believed() -> None:
    found = better(heard(Verdict.CONFIRM), heard(Verdict.CONFIRM, listener="second"), CLOSED)
    assert found.verdict is Verdict.ACCEPT
    assert found.text == "order_status"


def test_who_is_sure_goes_before_who_is_not() -> None:
    sure = heard(Verdict.ACCEPT, "cancel", 0.5, "second")
    assert better(heard(Verdict.CONFIRM, score=0.9), sure, CLOSED) == sure


def test_of_two_who_are_not_sure_the_likelier_one_is_asked_about() -> None:
    second = heard(Verdict.CONFIRM, "cancel", 0.7, "second")
    assert better(heard(Verdict.CONFIRM, score=0.6), second, CLOSED) == second
    assert better(heard(Verdict.CONFIRM, score=0.8), second, CLOSED).listener == "first"


def test_a_second_that_heard_nothing_changes_nothing_that_the_first_half_believed() -> None:
    assert better(heard(Verdict.CONFIRM), heard(Verdict.REJECT, listener="second"), CLOSED).listener == "first"
    assert better(heard(Verdict.REJECT), heard(Verdict.REJECT, listener="second"), CLOSED).listener == "second"


def test_words_of_an_open_question_are_the_seconds() -> None:
    assert better(heard(Verdict.CONFIRM), heard(Verdict.REJECT, listener="second"), OPEN).listener == "second"
