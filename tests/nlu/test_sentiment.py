"""Words show how a caller feels: tables of sentences, and the rules behind them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.nlu.noise import misrecognise
from voicebot.nlu.sentiment import Feeling, words_feeling
from voicebot.nlu.sentiment_lexicon import KINDS

HERE = Path(__file__).parent
ORDER = ("angry", "displeased", "neutral", "glad")


def table(language: str, name: str = "sentiment") -> list[tuple[str, str]]:
    """Bands and sentences, written by hand for this test."""
    rows = (HERE / f"{name}_{language}.tsv").read_text(encoding="utf-8").splitlines()
    return [(band, text) for band, text in (row.split("\t") for row in rows)]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_table_covers_every_band(language: str) -> None:
    counts = Counter(band for band, _ in table(language))
    assert set(counts) == set(ORDER)
    assert min(counts.values()) >= 25
    assert len({text for _, text in table(language)}) == len(table(language))


@pytest.mark.parametrize(("language", "band", "text"), [(lang, *row) for lang in ("ko", "en") for row in table(lang)])
def test_sentences_show_their_band(language: str, band: str, text: str) -> None:
    feeling = words_feeling(text, language)
    assert feeling.band == band, feeling


@pytest.mark.parametrize(("language", "least"), [("ko", 0.8), ("en", 0.7)])
def test_sentences_that_the_lexicon_was_never_mended_for(language: str, least: float) -> None:
    """Keep it so: `sentiment_unseen_*` tells how much of what callers say is missed, and that misses stay calm."""
    rows = table(language, "sentiment_unseen")
    heard = [(band, words_feeling(text, language).band) for band, text in rows]
    assert sum(band == found for band, found in heard) >= least * len(rows)
    assert all(found in (band, "neutral") for band, found in heard)


def test_misheard_anger_is_seldom_lost_and_calm_words_seldom_turn_bad() -> None:
    """One character in ten wrong: within one band for nine sentences in ten, no calm sentence becomes anger."""
    near = 0
    rows = table("ko")
    for number, (band, text) in enumerate(rows):
        heard = words_feeling(misrecognise(text, 0.1, number), "ko").band
        near += abs(ORDER.index(heard) - ORDER.index(band)) <= 1
        assert (band, heard) not in {("neutral", "angry"), ("glad", "angry")}, text
    assert near >= 0.9 * len(rows)


@pytest.mark.parametrize(
    "text",
    [
        "벌써 세 번쩨 전화하는 거예요",
        "지금 장난 하새요",
        "도데체 언제 오는 거예요",
        "책임자 빠꿔 주세요",
        "말도 안 대는 소리 하지 마세요",
    ],
)
def test_long_phrases_are_known_by_their_sound(text: str) -> None:
    assert words_feeling(text, "ko").band in ("angry", "displeased")


@pytest.mark.parametrize(
    ("good", "bad"),
    [("좋아요", "안 좋아요"), ("친절하시네요", "친절하지 않네요"), ("마음에 들어요", "마음에 안 들어요")],
)
def test_negation_turns_good_into_bad(good: str, bad: str) -> None:
    assert words_feeling(good, "ko").valence > 0 > words_feeling(bad, "ko").valence


def test_negation_turns_bad_into_hardly_anything() -> None:
    assert 0 <= words_feeling("not bad", "en").valence < 0.3
    assert 0 <= words_feeling("짜증 나지 않아요", "ko").valence < 0.3


@pytest.mark.parametrize(
    ("plain", "stronger", "language"),
    [
        ("불편하네요", "진짜 불편하네요", "ko"),
        ("실망했어요", "너무 실망했어요", "ko"),
        ("disappointed", "extremely disappointed", "en"),
        ("왜 안 와요", "왜 안 와요!!", "ko"),
    ],
)
def test_intensifiers_and_exclamations_raise_arousal(plain: str, stronger: str, language: str) -> None:
    assert words_feeling(plain, language).arousal < words_feeling(stronger, language).arousal
    assert words_feeling(plain, language).valence >= words_feeling(stronger, language).valence


def test_softeners_calm() -> None:
    assert words_feeling("좀 황당하네요", "ko").arousal < words_feeling("황당하네요", "ko").arousal
    assert words_feeling("a bit annoying", "en").valence > words_feeling("annoying", "en").valence


def test_thanks_are_manners_unless_something_was_done() -> None:
    assert words_feeling("네 감사합니다", "ko").band == "neutral"
    assert words_feeling("네 감사합니다", "ko").valence > 0
    assert words_feeling("네 감사합니다", "ko", after_result=True).band == "glad"
    assert words_feeling("thank you", "en", after_result=True).band == "glad"


def test_manners_do_not_make_up_for_a_complaint() -> None:
    assert words_feeling("감사합니다 근데 왜 아직도 안 와요", "ko").band == "displeased"
    assert words_feeling("왜 아직도 안 와요 빨리 좀 봐 주세요 감사합니다", "ko").band == "displeased"


def test_the_end_of_a_sentence_counts_most() -> None:
    assert words_feeling("답답했는데 이제 다행이네요", "ko").band == "glad"
    assert words_feeling("처음엔 좋았어요 근데 이제 너무 답답하네요", "ko").valence < -0.2


def test_cues_are_kinds_and_never_the_callers_words() -> None:
    for language in ("ko", "en"):
        for _, text in table(language):
            assert set(words_feeling(text, language).cues) <= set(KINDS)


def test_a_language_without_lexicon_shows_nothing() -> None:
    assert words_feeling("terrible", "fr") == Feeling()


@given(st.text("가나다라안못감사합니다좋아요짜증나화도대체 ?!abc't", max_size=200) | st.text(max_size=100))
def test_any_text_gives_a_feeling_within_bounds(text: str) -> None:
    for language in ("ko", "en"):
        feeling = words_feeling(text, language)
        assert -1 <= feeling.valence <= 1
        assert 0 <= feeling.arousal <= 1
        assert feeling == words_feeling(text, language)
        assert Feeling.from_json(json.loads(json.dumps(feeling.to_json()))) == feeling


def test_what_is_no_feeling_is_refused() -> None:
    with pytest.raises(ValueError, match="not a feeling"):
        Feeling.from_json({"valence": 0})
