"""Where sentences end, and how they become fit to be spoken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.knowledge.sentences import sentences, speakable


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("신청하세요. 무료입니다.", ["신청하세요.", "무료입니다."]),
        ("수수료는 1.5%입니다. 끝", ["수수료는 1.5%입니다.", "끝"]),
        ("1. 신청서를 냅니다. 2. 기다립니다.", ["1. 신청서를 냅니다.", "2. 기다립니다."]),
        ("Ask Dr. Kim at 9 a.m. or later. Thanks!", ["Ask Dr. Kim at 9 a.m. or later.", "Thanks!"]),
        ("됩니다(주말은 제외. 공휴일도 제외.). 문의하세요.", ["됩니다(주말은 제외. 공휴일도 제외.).", "문의하세요."]),
        ("정말요?! 네... 그렇습니다", ["정말요?!", "네...", "그렇습니다"]),
        ("서류\n신분증", ["서류", "신분증"]),
        ("  ", []),
    ],
)
def test_sentences(text: str, cut: list[str]) -> None:
    assert list(sentences(text)) == cut


@given(st.text(max_size=200))
def test_no_letter_is_lost(text: str) -> None:
    assert "".join("".join(part.split()) for part in sentences(text)) == "".join(text.split())


@pytest.mark.parametrize(
    ("sentence", "language", "said"),
    [
        ("홈페이지(www.klac.or.kr)에서 예약하세요.", "ko", "홈페이지에서 예약하세요."),
        ("https://gov.kr/a?b=1 을 참고하세요.", "ko", "홈페이지를 참고하세요."),
        ("문의는 help@example.com으로 하세요.", "ko", "문의는 이메일로 하세요."),
        ("See https://example.com/x.", "en", "See the website."),
        ("※ **신분증**을 꼭 가져오세요!", "ko", "신분증을 꼭 가져오세요!"),
        ("① 주민등록증 사본", "ko", "주민등록증 사본입니다."),
        ("- 진단서 (병가만)", "ko", "진단서 (병가만)입니다."),
        ("문의 전화 129", "ko", "문의 전화 129입니다."),
        ("매달 25일에 지급함", "ko", "매달 25일에 지급함."),
        ("신청할 수 있습니다", "ko", "신청할 수 있습니다."),
        ("평일 9시~18시에 합니다.", "ko", "평일 9시~18시에 합니다."),
        ("Staff number", "en", "Staff number."),
        ("---", "ko", ""),
        ("| : |", "en", ""),
        ("(https://example.com)", "en", ""),
    ],
)
def test_what_is_said(sentence: str, language: str, said: str) -> None:
    assert speakable(sentence, language) == said


@given(st.text(max_size=120), st.sampled_from(["ko", "en"]))
def test_whatever_is_said_ends_as_a_sentence_without_marks(sentence: str, language: str) -> None:
    said = speakable(sentence, language)
    assert not said or said[-1] in ".!?。！？…\"'”’"
    assert not set(said) & set("*`#|<>{}")
    assert "://" not in said
