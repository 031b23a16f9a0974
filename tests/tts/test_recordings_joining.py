"""Sentences joined from recorded pieces: which pieces, which gaps, and what is left to an engine."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.tts.port import Sound
from voicebot.tts.recordings import Fill, Pause, Recorded, Recordings
from voicebot.tts.recordings.joining import AT_COMMA_MS, AT_FILL_MS, BETWEEN_WORDS_MS

_RATE = 8000


def recorded(*texts: str, language: str = "ko") -> Recordings:
    """Each text with a tone of its own length: 0.2 s, 0.3 s, ..."""
    recordings = Recordings()
    for number, text in enumerate(texts):
        at = np.arange((number + 2) * _RATE // 10) / _RATE
        recordings.add(text, language, Sound((np.sin(2 * np.pi * 500 * at) * 8000).astype(np.int16), _RATE))
    return recordings


def told(recordings: Recordings, sentence: str, language: str = "ko") -> list[object] | None:
    """Recorded parts as the number of their text, pauses as milliseconds, fills as text."""
    parts = recordings.compose(sentence, language)
    if parts is None:
        return None
    found: list[object] = []
    for part in parts:
        match part:
            case Recorded(pcm):
                # Trimming leaves up to 60 ms more or less of a tone.
                found.append(f"#{round(len(pcm) / _RATE * 10) - 2}")
            case Pause(milliseconds):
                found.append(milliseconds)
            case Fill(text):
                found.append(text)
    return found


def test_what_is_said_is_joined_not_what_is_written() -> None:
    recordings = recorded("배송비는…", "…삼천 원…", "…입니다.")
    assert told(recordings, "배송비는 3,000원입니다.") == ["#0", BETWEEN_WORDS_MS, "#1", "#2"]


def test_few_long_pieces_win_over_many_short_ones() -> None:
    recordings = recorded("배송비는…", "…삼천…", "…원입니다.", "…삼천 원입니다.")
    assert told(recordings, "배송비는 3,000원입니다.") == ["#0", BETWEEN_WORDS_MS, "#3"]


def test_a_comma_is_a_pause() -> None:
    recordings = recorded("네,…", "…취소했어요.")
    assert told(recordings, "네, 취소했어요.") == ["#0", AT_COMMA_MS, "#1"]


def test_the_piece_with_the_melody_of_its_place_is_taken() -> None:
    recordings = recorded("…칠…", "…칠,…", "…칠.", "번호는…", "…삼…")
    assert told(recordings, "번호는 삼 칠, 삼 칠.") == ["#3", 20, "#4", 20, "#1", AT_COMMA_MS, "#4", 20, "#2"]


def test_a_statement_never_stands_for_a_question() -> None:
    recordings = recorded("주문을 모두…", "…취소할게요.", "…취소할까요?")
    assert told(recordings, "주문을 모두 취소할까요?") == ["#0", BETWEEN_WORDS_MS, "#2"]
    assert told(recordings, "주문을 모두 취소할게요?") == ["#0", AT_FILL_MS, "취소할게요?"]


def test_an_engine_speaks_the_one_value_that_is_missing_with_its_particle() -> None:
    recordings = recorded("주문하신…", "…상품이…", "…은…", "…내일 오후에 도착할 예정이에요.")
    assert told(recordings, "주문하신 담요은 내일 오후에 도착할 예정이에요.") == [
        "#0",
        AT_FILL_MS,
        "담요은",
        AT_FILL_MS,
        "#3",
    ]


def test_a_recorded_crumb_beside_a_gap_goes_to_the_engine() -> None:
    recordings = recorded("지금…", "…도착할 예정이에요.")
    assert told(recordings, "지금 담요가 도착할 예정이에요.") == ["지금 담요가", AT_FILL_MS, "#1"]


def test_a_clause_that_is_mostly_missing_is_the_engines_as_a_whole() -> None:
    recordings = recorded("주문하신 상품이 지금 배송 중이고,…", "…택배사가…")
    assert told(recordings, "주문하신 상품이 지금 배송 중이고, 택배사가 알려온 대로 곧 갑니다.") == [
        "#0",
        AT_COMMA_MS,
        "택배사가 알려온 대로 곧 갑니다.",
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "배송비는 사천 원이고 내일까지 내시면 됩니다.",  # most is missing
        "가방은 오늘 가고 양말은 내일 가고 코트는 모레 갑니다.",  # too many changes of voice
        "전혀 녹음되지 않은 문장입니다.",
        "가방은 오늘 가고 " * 3000,
        "😀 ?!",
        "",
    ],
)
def test_a_sentence_that_is_not_worth_joining_is_the_engines(sentence: str) -> None:
    assert told(recorded("배송비는…", "…오늘 가고…", "…내일 가고…", "…모레 갑니다."), sentence) is None


def test_a_piece_is_no_whole_text() -> None:
    recordings = recorded("배송비는…", "안녕하세요.")
    assert recordings.find("배송비는", "ko") is None
    assert recordings.find("안녕하세요", "ko") is not None
    assert recordings.compose("안녕하세요.", "en") is None


def test_a_whole_text_is_found_by_what_is_said() -> None:
    assert recorded("배송비는 3,000원입니다.").find("배송비는 삼천 원입니다.", "ko") is not None


def test_english_pieces_part_at_words_only() -> None:
    recordings = recorded("The price is…", "…seventy-nine…", "…thousand…", "…won.", "…on…", "…e…", language="en")
    assert told(recordings, "The price is 79,000 won.", "en") == ["#0", 20, "#1", 20, "#2", 20, "#3"]
    assert told(recordings, "The price is one won.", "en") == ["#0", AT_FILL_MS, "one won."]


def test_a_piece_recorded_again_replaces_the_first() -> None:
    assert told(recorded("네.", "네.", "네,…"), "네.") == ["#1"]


def test_joining_a_long_sentence_is_quick_enough_to_ask_often() -> None:
    texts = [f"…{first}{second}…" for first in "가나다라마바사아자차" for second in "공일이삼사오육칠팔구"]
    recordings = recorded(*texts, "…가공.")
    sentence = "가공나일다이" * 25 + "가공."
    parts = recordings.compose(sentence, "ko")
    assert parts is not None
    assert sum(isinstance(part, Recorded) for part in parts) == 76
