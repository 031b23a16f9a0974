"""The local sound card as a channel: a microphone in, loudspeakers or headphones out.

`DuplexLine` does all that needs no sound card, a block of samples at a time; `talk` runs it on one, with a stream for
each direction: PortAudio's duplex streams end after the first underrun on ALSA's PulseAudio plug-in (seen with
PortAudio 19.6 and PulseAudio 16.1). The microphone's clock is the call's clock.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog

from voicebot.audio.format import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE, Pcm
from voicebot.audio.resample import StreamResampler
from voicebot.channel import Answering, Caller, LiveCall, Outcome
from voicebot.errors import VoicebotError

RATES = (SAMPLE_RATE, 16_000, 48_000, 44_100)
"""Hertz, tried in this order: ours needs no resampling, the others are what sound cards have."""

LATENCY_S = 0.1
"""Seconds of sound that each direction may hold: five blocks, so that a busy machine drops none."""

ECHO_TAIL_S = 0.25
"""Seconds that a room sounds on after the loudspeakers, beyond the latency of the sound card: early reflections and the
first part of the reverberation of a living room or office, whose reverberation time (RT60) is 0.3 to 0.6 s."""

_INAUDIBLE = 250
"""Highest sample of 20 ms that leaves no echo: the line's quiet noise while the bot thinks must not mute the caller."""

_EMPTY: Pcm = np.zeros(0, dtype=np.int16)

_log = structlog.get_logger(__name__)


class SoundCardError(VoicebotError):
    """No sound card, or one that can't be used."""


@dataclass(frozen=True)
class Device:
    """A sound device."""

    number: int
    name: str
    inputs: int
    """Channels it records."""
    outputs: int
    """Channels it plays."""
    is_default_input: bool
    is_default_output: bool


Post = Callable[..., object]
"""Runs a function with its arguments on the event loop, from any thread: `loop.call_soon_threadsafe`."""


class DuplexLine:
    """A `voicebot.channel.Channel` whose sound is given and taken in blocks, as a sound card does.

    Over loudspeakers the microphone hears the bot. Without an echo canceller that echo can't be told from the caller:
    the caller's side is silent while the bot's sound is in the room, and to cut in one presses a key. With `headphones`
    there is no echo, and both sides are open all the time.
    """

    def __init__(
        self, rate: int, *, headphones: bool, latency_s: float, post: Post, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`rate` is the sound card's, in Hertz; `latency_s` what passes from its output to its input, air aside."""
        self._rate = rate
        self._post = post
        self._clock = clock
        self._call: LiveCall | None = None
        self._lock = threading.Lock()
        self._queue: deque[tuple[Pcm, str]] = deque()
        """What is to be played, and the mark behind it. Shared with the loudspeaker's thread, under the lock."""
        self._to_card = StreamResampler(SAMPLE_RATE, rate) if rate != SAMPLE_RATE else None
        self._from_card = StreamResampler(rate, SAMPLE_RATE) if rate != SAMPLE_RATE else None
        self._ready = _EMPTY
        """What the loudspeaker gets next, at its rate."""
        self._made = self._given = 0
        """Samples made for it, at 8 kHz, and given to it, at its rate: the resampler holds some in between."""
        self._heard = _EMPTY
        """What the microphone gave and is no whole frame yet, at 8 kHz."""
        self._echo_s = 0.0 if headphones else latency_s + ECHO_TAIL_S
        self._echo_until = -math.inf
        """On the clock: until when what comes from the microphone may hold the bot's sound."""

    def connect(self, call: LiveCall) -> None:
        """Whose sound this is. Before the first block."""
        self._call = call

    # The call's side, on the event loop

    def play(self, pcm: Pcm, mark: str) -> None:
        """See `Channel.play`."""
        with self._lock:
            self._queue.append((pcm, mark))

    def clear(self) -> None:
        """See `Channel.clear`. The marks come back from the event loop, not from inside this call."""
        with self._lock:
            marks = [mark for _, mark in self._queue]
            self._queue.clear()
        self._played(marks)

    # The sound card's side, each on a thread of its own

    def give(self, samples: int) -> Pcm:
        """The next samples for the loudspeaker, at its rate."""
        while len(self._ready) < samples:
            frame = self._next_frame()
            self._ready = np.concatenate([self._ready, self._to_card.push(frame) if self._to_card else frame])
        play, self._ready = self._ready[:samples], self._ready[samples:]
        self._given += samples
        return play

    def take(self, block: Pcm) -> None:
        """What the microphone recorded, at its rate."""
        if self._clock() < self._echo_until:
            block = np.zeros_like(block)
        heard = np.concatenate([self._heard, self._from_card.push(block) if self._from_card else block])
        whole = len(heard) - len(heard) % FRAME_SAMPLES
        self._heard = heard[whole:]
        if whole and self._call is not None:
            self._post(self._call.audio, heard[:whole].tobytes())

    def _next_frame(self) -> Pcm:
        """The next 20 ms to play: silence where nothing is queued."""
        parts: list[Pcm] = []
        marks: list[str] = []
        room = FRAME_SAMPLES
        with self._lock:
            while self._queue:
                pcm, mark = self._queue[0]
                if len(pcm) > room:
                    self._queue[0] = (pcm[room:], mark)
                    parts.append(pcm[:room])
                    room = 0
                    break
                self._queue.popleft()
                parts.append(pcm)
                marks.append(mark)
                room -= len(pcm)
        frame = np.concatenate([*parts, np.zeros(room, dtype=np.int16)])
        self._made += FRAME_SAMPLES
        if self._echo_s and np.abs(frame).max() > _INAUDIBLE:
            ahead_s = self._made / SAMPLE_RATE - self._given / self._rate
            self._echo_until = self._clock() + ahead_s + self._echo_s
        self._played(marks)
        return frame

    def _played(self, marks: list[str]) -> None:
        if self._call is not None:
            for mark in marks:
                self._post(self._call.played, mark)


@dataclass(frozen=True)
class SoundCard:
    """A microphone and a loudspeaker that work together."""

    microphone: int
    loudspeaker: int
    """PortAudio's numbers of the devices."""
    rate: int
    """Hertz, the same for both."""


def find_sound_card(microphone: str = "", loudspeaker: str = "") -> SoundCard:
    """The devices of these names or numbers; by default the system's. Raises SoundCardError."""
    sounddevice = _sounddevice()
    recording = _choose(sounddevice, microphone, "input")
    playing = _choose(sounddevice, loudspeaker, "output")
    return SoundCard(
        microphone=recording["index"],
        loudspeaker=playing["index"],
        rate=_common_rate(sounddevice, recording["index"], playing["index"]),
    )


async def talk(
    answering: Answering,
    caller: Caller,
    card: SoundCard,
    *,
    headphones: bool = False,
    on_call: Callable[[LiveCall], None] | None = None,
) -> Outcome:
    """Hold one call over the sound card; cancelling it ends the call and frees the sound card.

    `on_call` gets the call before it runs, to press keys or to hang up. Raises SoundCardError.
    """
    sounddevice = _sounddevice()
    loop = asyncio.get_running_loop()
    post = loop.call_soon_threadsafe
    line = DuplexLine(card.rate, headphones=headphones, latency_s=2 * LATENCY_S, post=post)
    call = answering.answer(caller, line)
    line.connect(call)
    if on_call is not None:
        on_call(call)

    def record(recorded: Any, _samples: int, _time: Any, status: Any) -> None:
        if status:
            post(_log.debug, f"microphone: {status}")
        line.take(np.frombuffer(recorded, dtype=np.int16))

    def play(played: Any, samples: int, _time: Any, status: Any) -> None:
        if status:
            post(_log.debug, f"loudspeaker: {status}")
        played[:] = line.give(samples).tobytes()

    def finished() -> None:
        # A device that is pulled out ends its stream: that is a caller who hangs up.
        post(call.hung_up)

    block = card.rate * FRAME_MS // 1000
    common = {"samplerate": card.rate, "blocksize": block, "channels": 1, "dtype": "int16", "latency": LATENCY_S}
    try:
        with (
            sounddevice.RawOutputStream(device=card.loudspeaker, callback=play, finished_callback=finished, **common),
            sounddevice.RawInputStream(device=card.microphone, callback=record, finished_callback=finished, **common),
        ):
            _log.debug("microphone open", rate=card.rate, headphones=headphones)
            return await call.run()
    except sounddevice.PortAudioError as error:
        raise _unusable(error) from None


def list_devices() -> list[Device]:
    """The sound devices that are here. Raises SoundCardError where there is no PortAudio."""
    sounddevice = _sounddevice()
    default_input, default_output = sounddevice.default.device
    return [
        Device(
            number=number,
            name=device["name"],
            inputs=device["max_input_channels"],
            outputs=device["max_output_channels"],
            is_default_input=number == default_input,
            is_default_output=number == default_output,
        )
        for number, device in enumerate(sounddevice.query_devices())
    ]


def _sounddevice() -> Any:
    """The library, which loads PortAudio when it is imported."""
    try:
        import sounddevice
    except OSError:
        raise SoundCardError(
            "the library PortAudio is missing; install it with: sudo apt-get install -y libportaudio2"
        ) from None
    return sounddevice


def _choose(sounddevice: Any, wanted: str, kind: str) -> dict[str, Any]:
    """What PortAudio knows of a device that records (`input`) or plays (`output`)."""
    try:
        device = int(wanted) if wanted.isdecimal() else wanted or None
        return dict(sounddevice.query_devices(device, kind))
    except (ValueError, sounddevice.PortAudioError):
        what = "microphone" if kind == "input" else "loudspeaker"
        named = f" called {wanted!r}" if wanted else ""
        raise SoundCardError(
            f"there is no {what}{named}; plug one in, or choose from those that voicebot mic --list shows."
        ) from None


def _common_rate(sounddevice: Any, microphone: int, loudspeaker: int) -> int:
    """The first rate that both devices take."""
    error: Exception | None = None
    for rate in RATES:
        try:
            sounddevice.check_input_settings(device=microphone, channels=1, dtype="int16", samplerate=rate)
            sounddevice.check_output_settings(device=loudspeaker, channels=1, dtype="int16", samplerate=rate)
        except sounddevice.PortAudioError as refused:
            error = refused
        else:
            return rate
    raise _unusable(error)


def _unusable(error: Exception | None) -> SoundCardError:
    return SoundCardError(
        f"the sound card can't be used ({error}); see whether another program holds it, or choose another device from "
        "those that voicebot mic --list shows."
    )
