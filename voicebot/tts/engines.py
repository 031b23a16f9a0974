"""The engines that this installation speaks with."""

from __future__ import annotations

from voicebot.tts.port import Engine
from voicebot.tts.pyttsx3_engine import Pyttsx3Engine


def engines() -> tuple[Engine, ...]:
    """One of each, the best first. Cheap: nothing is started before something is to be spoken."""
    return (Pyttsx3Engine(),)
