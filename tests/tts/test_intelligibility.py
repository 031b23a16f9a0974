"""The measure of how well a voice is understood."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tts.engines import ToneEngine
from voicebot.audio.format import Pcm
from voicebot.tts.intelligibility import HeardPhrase, check, compare, error_rate, over_the_telephone


@pytest.mark.parametrize(
    ("said", "heard", "language"),
    [
        ("3일 뒤에 도착해요.", "삼 일 뒤에 도착해요", "ko"),
        ("12,900원이에요.", "만 이천구백원이에요", "ko"),
        ("Your order ships on 3 December.", "your order ships on December third", "en"),
        ("It costs 2,000 won.", "It costs two thousand won!", "en"),
    ],
)
def test_the_same_words_written_otherwise_are_no_error(said: str, heard: str, language: str) -> None:
    assert compare(said, heard, language).errors == 0


@pytest.mark.parametrize(
    ("said", "heard", "errors", "characters"),
    [
        ("네, 맞아요.", "네 많아요", 1, 4),
        ("네.", "", 1, 1),
        ("", "네", 0, 0),
        ("안녕하세요", "2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1", 5, 5),
    ],
)
def test_wrong_missing_and_invented_characters_count(said: str, heard: str, errors: int, characters: int) -> None:
    assert compare(said, heard, "ko") == HeardPhrase(said, heard, errors, characters)


def test_long_phrases_weigh_more() -> None:
    assert error_rate([HeardPhrase("", "", 1, 1), HeardPhrase("", "", 0, 9)]) == 0.1
    assert error_rate([]) == 0.0


def test_the_listener_hears_what_a_caller_hears() -> None:
    heard: list[Pcm] = []

    def hear(pcm: Pcm, language: str) -> str:
        heard.append(pcm)
        return "네 아니오"

    results = list(check(ToneEngine(), ["네. 아니오."], "ko", hear))
    assert [result.errors for result in results] == [0]
    quiet = np.abs(heard[0].astype(int)) < 100
    assert quiet[: len(quiet) // 2].sum() > 1000  # the pause between the sentences
    assert len(np.unique(heard[0])) <= 255  # mu-law


def test_a_phrase_without_words_is_silence() -> None:
    assert not over_the_telephone(ToneEngine(), "...", "ko").any()
