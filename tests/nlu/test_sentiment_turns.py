"""Words, voice and pauses of a call's utterances make one feeling that moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio.prosody import VoiceFeeling
from voicebot.nlu.sentiment import Feeling, words_feeling
from voicebot.nlu.sentiment_turns import combine, faded

CALM_VOICE = VoiceFeeling(0.0, 1.0)
RAISED = VoiceFeeling(0.9, 1.0)


def over(*texts: str) -> Feeling:
    """The feeling after these utterances."""
    feeling: Feeling | None = None
    for text in texts:
        feeling = combine(words_feeling(text, "ko"), None, None, feeling)
    assert feeling is not None
    return feeling


def test_the_first_utterance_counts_as_it_is() -> None:
    words = words_feeling("도대체 언제 와요", "ko")
    assert combine(words, None, None, None) == words
    assert combine(words, CALM_VOICE, 800, None) == words


def test_a_raised_voice_makes_displeased_words_angry_and_glad_words_no_worse() -> None:
    words = words_feeling("왜 아직도 안 와요", "ko")
    assert words.band == "displeased"
    angry = combine(words, RAISED, 500, None)
    assert angry.band == "angry"
    assert "raised_voice" in angry.cues
    glad = words_feeling("와 정말 좋네요", "ko")
    assert combine(glad, RAISED, 500, None).valence == glad.valence


def test_a_voice_alone_is_not_bad() -> None:
    assert combine(words_feeling("배송 언제 와요", "ko"), RAISED, 500, None).valence == 0


def test_a_voice_told_from_little_speech_counts_little() -> None:
    words = words_feeling("왜 아직도 안 와요", "ko")
    assert combine(words, VoiceFeeling(0.9, 0.2), 500, None).arousal < combine(words, RAISED, 500, None).arousal


def test_pauses_are_told() -> None:
    words = words_feeling("네", "ko")
    assert combine(words, None, 0, None).cues == ("cut_in",)
    assert combine(words, None, 4000, None).cues == ("hesitant",)
    assert combine(words, None, 0, None).arousal > combine(words, None, 4000, None).arousal


def test_it_gets_worse_and_the_trend_says_so() -> None:
    worse = over("배송 언제 와요", "아니 왜 이렇게 늦어요", "도대체 몇 번을 말해야 해요")
    assert worse.trend < -0.1
    assert worse.band == "angry"


def test_anger_fades_over_calm_turns_and_the_trend_turns() -> None:
    angry = over("도대체 몇 번을 말해야 해요")
    once = combine(words_feeling("네", "ko"), None, None, angry)
    assert angry.valence < once.valence < 0
    later = over("도대체 몇 번을 말해야 해요", "네", "네 맞아요", "네")
    assert later.band == "neutral"
    assert later.trend > 0


def test_anger_shows_at_once() -> None:
    assert over("네", "네 맞아요", "지금 장난하세요").band == "angry"


def test_a_turn_without_words_brings_the_feeling_nearer_to_calm() -> None:
    angry = over("지금 장난하세요")
    after = faded(angry)
    assert angry.valence < after.valence < 0
    assert after.arousal < angry.arousal
    assert after.cues == ()


feelings = st.builds(
    Feeling, st.floats(-1, 1), st.floats(0, 1), st.just(("anger",)), st.floats(-1, 1).map(lambda x: round(x, 3))
)


@given(
    feelings,
    st.none() | st.builds(VoiceFeeling, st.floats(-1, 1), st.floats(0, 1)),
    st.none() | st.integers(-5000, 60_000),
    st.none() | feelings,
)
def test_it_stays_within_bounds(
    words: Feeling, voice: VoiceFeeling | None, pause_ms: int | None, previous: Feeling | None
) -> None:
    now = combine(words, voice, pause_ms, previous)
    assert -1 <= now.valence <= 1
    assert 0 <= now.arousal <= 1
    assert -2 <= now.trend <= 2


@pytest.mark.parametrize("valence", [-0.8, 0.0, 0.7])
def test_the_same_feeling_again_changes_nothing(valence: float) -> None:
    same = Feeling(valence, 0.5)
    assert combine(same, None, None, same) == same
