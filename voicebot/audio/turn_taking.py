"""When a turn ends, when the bot is interrupted, when silence is an answer: every knob in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

from voicebot.audio.vad import SegmentationKnobs


@dataclass(frozen=True)
class TurnKnobs:
    """The turn's knobs, each with its unit and reason. Sources: DESIGN section 3 and the measurements named."""

    segmentation: SegmentationKnobs = field(default_factory=SegmentationKnobs)

    complete_silence_ms: int = 280
    """Silence that ends the turn when what was heard already is a whole sentence of this state: nothing is missing."""
    silence_ms: int = 500
    """Silence that ends the turn otherwise: pauses inside a Korean clause seldom last longer."""
    digits_silence_ms: int = 1200
    """Silence that ends the turn amid a digit string: people pause between its groups."""
    longest_utterance_ms: int = 15_000
    """Wall-clock limit of one utterance: guards against line noise that the VAD takes for speech."""
    barge_in_ms: int = 300
    """Voice that stops the bot: shorter ones are coughs and backchannels."""
    peek_ms: int = 120
    """Silence at which it is looked closer whether the sentence is whole: the answer is there before it decides."""
    early_second_ms: int = 240
    """Silence after something that is no whole sentence at which the second listener starts, in case it is needed."""
    inter_digit_ms: int = 3000
    """Wait for the next key before an entry counts as complete."""
    decode_batch_ms: int = 100
    """Sound decoded at a time: fewer, larger batches cost less; the endpoint must not wait for a batch."""
    chunk_ms: int = 400
    """Sound behind which a playback mark is put: how exactly it is known what the caller heard."""
    unmarked_slack_ms: int = 2500
    """How much later than computed a mark may come before the sound counts as played without it."""
    filler_after_ms: int = 500
    """Silence of the bot's own, while it thinks, after which a few words bridge it."""
    comfort_noise_after_ms: int = 600
    """Silence of the bot's own after which the line gets its quiet noise: answers come within 450 ms as a rule, and a
    line that is dead for longer is taken for a lost call."""
    slow_voice_ms: int = 2000
    """Silence while speech is being made after which a few words bridge it: after more of it callers speak."""
    slow_backend_ms: int = 900
    """Silence while a back end, or the bot itself, is at work after which the caller is told that it takes a moment."""
    slow_again_ms: int = 2500
    """Silence until the caller is told so again: with the words themselves, every four to five seconds."""
    longest_wait_ms: int = 10_000
    """Wait after which the answer is waited for no longer, and a person or a call-back is offered: most callers who
    hear nothing else for so long hang up."""
    stalled_s: float = 15.0
    """Seconds without any sound from the channel after which the line counts as dead."""


def silence_to_end(knobs: TurnKnobs, *, complete: bool, amid_digits: bool) -> int:
    """Milliseconds of silence that end the turn, given what was heard so far."""
    if complete:
        return knobs.complete_silence_ms
    return knobs.digits_silence_ms if amid_digits else knobs.silence_ms


BACKCHANNELS = {
    "ko": frozenset({"네", "예", "음", "아", "어", "네네", "예예", "그렇군요", "아네", "네에"}),
    "en": frozenset({"yeah", "yes", "uh", "um", "mhm", "ok", "okay", "right", "ah", "uhhuh"}),
}
"""What people say to show that they listen; while the bot talks it is no answer, unless a yes or no is pending."""


def is_backchannel(text: str, language: str) -> bool:
    """Whether `text` is nothing but signs of listening; an empty text is one too."""
    joined = text.replace(" ", "").strip(".,!?").lower()
    return not joined or joined in BACKCHANNELS.get(language, frozenset())
