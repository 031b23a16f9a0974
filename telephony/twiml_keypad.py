"""The TwiML documents of calls that are held by keys alone.

Like those of `telephony.twiml`: functions from plain values to XML text, paths on our own host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twilio.twiml.voice_response import Gather, VoiceResponse

from voicebot.tts.speech_text import spoken

SPEAKERS = {"ko": ("ko-KR", "Polly.Seoyeon"), "en": ("en-US", "Polly.Joanna")}
"""Language code and voice by language: the account's default voice may not speak it, and <Say> would fail."""


@dataclass(frozen=True)
class Played:
    """Our own voice."""

    url: str


@dataclass(frozen=True)
class Said:
    """Twilio's voice."""

    text: str
    language: str


Speech = Played | Said


def gather(speech: Sequence[Speech], action: str, *, longest: int, timeout_s: int) -> str:
    """Speak, and ask `action` with what is pressed, also where it is nothing. A key stops the speech.

    `longest`: keys of the longest entry. Where that is one, star and hash count as keys; else a hash ends the entry.
    """
    response = VoiceResponse()
    asked = Gather(
        input="dtmf",
        action=action,
        method="POST",
        num_digits=longest,
        finish_on_key="" if longest == 1 else "#",
        timeout=timeout_s,
        action_on_empty_result=True,
    )
    _speak(asked, speech)
    response.append(asked)
    return str(response)


def leave(speech: Sequence[Speech], to: str) -> str:
    """Speak, then ask `to` where the caller goes."""
    response = VoiceResponse()
    _speak(response, speech)
    response.redirect(to, method="POST")
    return str(response)


def _speak(verb: VoiceResponse | Gather, speech: Sequence[Speech]) -> None:
    for piece in speech:
        match piece:
            case Played(url):
                verb.play(url)
            case Said(text, language):
                code, voice = SPEAKERS.get(language, SPEAKERS["en"])
                # Numbers in words: Twilio's voice reads 1234-5678 as a difference.
                verb.say(spoken(text, language), voice=voice, language=code)
