"""Captions of a conversation between people: what one side says, heard off the audio path."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

from voicebot.asr.port import Domain, Recogniser, Verdict
from voicebot.audio.format import FRAME_BYTES, FRAME_MS
from voicebot.audio.turn_taking import TurnKnobs
from voicebot.call.hearing import HeardSpeech, Hearing

Captioned = Callable[[str, bool], None]
"""Is given the words so far of an utterance, and whether they are all."""


class Captioner:
    """Hears one side. Used on one event loop; `push` returns at once."""

    def __init__(
        self, recogniser: Recogniser, domain: Domain, told: Captioned, *, listening: Executor, second: Executor
    ) -> None:
        """`domain`: the pack's open one; anything may be said, its sentences are hints. `second`: where the second
        listener is waited for, which may take seconds."""
        self._told = told
        # Of people who talk with each other the pack's sentences say little: the second listener is asked.
        self._domain = replace(domain, open_question=True)
        self._loop = asyncio.get_running_loop()
        self._hearing = Hearing(
            recogniser,
            TurnKnobs(),
            functools.partial(self._off, listening),
            functools.partial(self._off, second),
            on_heard=self._heard,
            on_doubt=lambda: None,
        )
        self._rest = b""
        self._clock_ms = 0
        self._closed = False

    def push(self, pcm: bytes) -> None:
        """16-bit 8 kHz mono, any length."""
        sound = self._rest + pcm
        whole = len(sound) - len(sound) % FRAME_BYTES
        self._rest = sound[whole:]
        for start in range(0, whole, FRAME_BYTES):
            self._clock_ms += FRAME_MS
            self._hearing.push(sound[start : start + FRAME_BYTES], self._domain, self._clock_ms)

    def close(self) -> None:
        """Hear nothing any more."""
        self._closed = True
        self._hearing.drop()

    def _heard(self, heard: HeardSpeech) -> None:
        recognition = heard.recognition
        # Without a second listener a doubtful hearing would put words into somebody's mouth.
        believed = recognition.verdict is not Verdict.REJECT
        if believed and recognition.text and not self._closed:
            self._told(recognition.text, True)

    def _off(self, executor: Executor, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Off the loop, and back on it; see `voicebot.call.playback.RunOff`."""

        def done(future: asyncio.Future[Any]) -> None:
            if not future.cancelled() and not self._closed:
                then(future.exception() or future.result())

        try:
            self._loop.run_in_executor(executor, work).add_done_callback(done)
        except RuntimeError:  # the service is closing
            self._closed = True
