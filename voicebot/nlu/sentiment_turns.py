"""The caller's feeling over a call: words and voice of each utterance together, smoothed, with its trend. Pure."""

from __future__ import annotations

from typing import Protocol

from voicebot.nlu.sentiment import CALM, Feeling

WORSE, BETTER = 0.7, 0.5
"""Share of a new utterance in the smoothed valence: anger shows at once and goes more slowly."""
_AROUSAL = 0.6
_TREND = 0.5
_VOICE_AROUSAL = 0.45
"""What a voice that differs by its full scale adds to arousal."""
_VOICE_VALENCE = 0.25
"""How much worse bad words are in an aroused voice."""
_HESITATES_MS = 2500
"""A pause from which an answer is hesitant: answers mostly come within a second."""
_QUICK_MS = 150
"""A pause up to which an answer falls into the bot's words."""
_LOUD = 0.4
"""Arousal of a voice that is told as a cue."""


class Voice(Protocol):
    """How a voice differs from its own usual: `voicebot.audio.prosody.VoiceFeeling`."""

    @property
    def arousal(self) -> float: ...
    @property
    def confidence(self) -> float: ...


def combine(words: Feeling, voice: Voice | None, pause_ms: int | None, previous: Feeling | None) -> Feeling:
    """The caller's feeling after one more utterance.

    `words`: of this utterance. `voice`: None for keys and text. `pause_ms`: from the end of the bot's speech to the
    beginning of the caller's; 0 or less where the caller cut in, None where it is not known. `previous`: what `combine`
    gave at the last utterance, None at the first. The cues are this utterance's own, with `raised_voice`,
    `lowered_voice`, `cut_in` and `hesitant` beside the words'.
    """
    aroused = 0.0 if voice is None else voice.arousal * voice.confidence
    cues = list(words.cues)
    valence, arousal = words.valence, words.arousal + _VOICE_AROUSAL * aroused
    if valence < 0 < aroused:
        valence *= 1 + _VOICE_VALENCE * aroused
    if abs(aroused) >= _LOUD:
        cues.append("raised_voice" if aroused > 0 else "lowered_voice")
    if pause_ms is not None and pause_ms <= _QUICK_MS:
        arousal += 0.08
        cues.append("cut_in")
    elif pause_ms is not None and pause_ms >= _HESITATES_MS:
        arousal -= 0.05
        cues.append("hesitant")
    now = Feeling(_within(valence, -1), _within(arousal, 0), tuple(cues))
    if previous is None:
        return now
    share = WORSE if now.valence < previous.valence else BETTER
    smooth = previous.valence + share * (now.valence - previous.valence)
    trend = (1 - _TREND) * previous.trend + _TREND * (smooth - previous.valence)
    calmer = previous.arousal + _AROUSAL * (now.arousal - previous.arousal)
    return Feeling(_within(smooth, -1), _within(calmer, 0), now.cues, round(trend, 3))


def faded(feeling: Feeling) -> Feeling:
    """The feeling after a turn that showed nothing, as a key pressed or silence does: a little nearer to calm."""
    return combine(Feeling(0.5 * feeling.valence, (feeling.arousal + CALM) / 2), None, None, feeling)


def _within(value: float, low: int) -> float:
    return round(max(float(low), min(1.0, value)), 3)
