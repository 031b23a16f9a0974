"""The local sound card as a channel: a microphone in, loudspeakers or headphones out.

`DuplexLine` does all that needs no sound card, a block of samples at a time; `talk` runs it on one. The sound card's
clock is the call's clock.
"""

from __future__ import annotations

import asyncio
import math
import threading
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

ECHO_TAIL_MS = 250
"""How long a room sounds on after the loudspeakers, beyond the latency of the sound card: early reflections and the
first part of the reverberation of a living room or office, whose reverberation time (RT60) is 0.3 to 0.6 s."""

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
    """A `voicebot.channel.Channel` whose sound is exchanged in blocks, as a sound card does.

    Over loudspeakers the microphone hears the bot. Without an echo canceller that echo can't be told from the caller:
    the caller's side is silent while the bot's sound is in the room, and to cut in one presses a key. With `headphones`
    there is no echo, and both sides are open all the time.
    """

    def __init__(self, rate: int, *, headphones: bool, latency_s: float, post: Post) -> None:
        """`rate` is the sound card's, in Hertz; `latency_s` what passes from its output to its input, air aside."""
        self._post = post
        self._call: LiveCall | None = None
        self._lock = threading.Lock()
        self._queue: deque[tuple[Pcm, str]] = deque()
        """What is to be played, and the mark behind it. Shared with the sound card's thread, under the lock."""
        self._to_card = StreamResampler(SAMPLE_RATE, rate) if rate != SAMPLE_RATE else None
        self._from_card = StreamResampler(rate, SAMPLE_RATE) if rate != SAMPLE_RATE else None
        self._ready = _EMPTY
        """What the sound card gets next, at its rate."""
        self._heard = _EMPTY
        """What the microphone gave and is no whole frame yet, at 8 kHz."""
        self._echo_frames = 0 if headphones else math.ceil((latency_s * 1000 + ECHO_TAIL_MS) / FRAME_MS)
        self._muted_frames = 0
        """How many more frames of the microphone hold the bot's echo."""

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

    # The sound card's side, on its thread

    def exchange(self, block: Pcm) -> Pcm:
        """Take what the microphone recorded, give as many samples to play; both at the sound card's rate."""
        while len(self._ready) < len(block):
            frame = self._next_frame()
            self._ready = np.concatenate([self._ready, self._to_card.push(frame) if self._to_card else frame])
        play, self._ready = self._ready[: len(block)], self._ready[len(block) :]
        self._hear(self._from_card.push(block) if self._from_card else block)
        return play

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
        if room < FRAME_SAMPLES:
            self._muted_frames = self._echo_frames
        self._played(marks)
        return np.concatenate([*parts, np.zeros(room, dtype=np.int16)])

    def _hear(self, pcm: Pcm) -> None:
        self._heard = np.concatenate([self._heard, pcm])
        whole = len(self._heard) - len(self._heard) % FRAME_SAMPLES
        if not whole:
            return
        frames, self._heard = self._heard[:whole].copy(), self._heard[whole:]
        for start in range(0, whole, FRAME_SAMPLES):
            if self._muted_frames:
                self._muted_frames -= 1
                frames[start : start + FRAME_SAMPLES] = 0
        if self._call is not None:
            self._post(self._call.audio, frames.tobytes())

    def _played(self, marks: list[str]) -> None:
        if self._call is not None:
            for mark in marks:
                self._post(self._call.played, mark)


async def talk(
    answering: Answering,
    caller: Caller,
    *,
    microphone: str = "",
    loudspeaker: str = "",
    headphones: bool = False,
    on_call: Callable[[LiveCall], None] | None = None,
) -> Outcome:
    """Hold one call over the sound card; cancelling it ends the call and frees the sound card.

    `microphone` and `loudspeaker` are a device's number or part of its name; by default the system's. `on_call` gets
    the call before it runs, to press keys or to hang up. Raises SoundCardError.
    """
    sounddevice = _sounddevice()
    loop = asyncio.get_running_loop()
    devices = (_choose(sounddevice, microphone, "input"), _choose(sounddevice, loudspeaker, "output"))
    rate = _common_rate(sounddevice, devices)
    latency_s = sum(
        float(sounddevice.query_devices(device)[f"default_high_{kind}_latency"])
        for device, kind in zip(devices, ("input", "output"), strict=True)
    )
    line = DuplexLine(rate, headphones=headphones, latency_s=latency_s, post=loop.call_soon_threadsafe)
    call = answering.answer(caller, line)
    line.connect(call)
    if on_call is not None:
        on_call(call)

    def exchange(recorded: Any, played: Any, _frames: int, _time: Any, status: Any) -> None:
        if status:
            loop.call_soon_threadsafe(_log.debug, f"sound card missed its time: {status}")
        played[:] = line.exchange(np.frombuffer(recorded, dtype=np.int16)).tobytes()

    try:
        stream = sounddevice.RawStream(
            samplerate=rate,
            blocksize=rate * FRAME_MS // 1000,
            device=devices,
            channels=1,
            dtype="int16",
            latency="high",
            callback=exchange,
            # A device that is pulled out ends the stream: that is a caller who hangs up.
            finished_callback=lambda: loop.call_soon_threadsafe(call.hung_up),
        )
        with stream:
            _log.info("microphone open", rate=rate, latency_ms=round(sum(stream.latency) * 1000), headphones=headphones)
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


def _choose(sounddevice: Any, wanted: str, kind: str) -> int:
    """The number of a device that records (`input`) or plays (`output`)."""
    try:
        if not wanted:
            return int(sounddevice.query_devices(kind=kind)["index"])
        return int(sounddevice.query_devices(int(wanted) if wanted.isdecimal() else wanted, kind)["index"])
    except (ValueError, sounddevice.PortAudioError):
        what = "microphone" if kind == "input" else "loudspeaker"
        named = f" called {wanted!r}" if wanted else ""
        raise SoundCardError(
            f"there is no {what}{named}; plug one in, or choose from those that voicebot mic --list shows."
        ) from None


def _common_rate(sounddevice: Any, devices: tuple[int, int]) -> int:
    """The first rate that both devices take."""
    error: Exception | None = None
    for rate in RATES:
        try:
            sounddevice.check_input_settings(device=devices[0], channels=1, dtype="int16", samplerate=rate)
            sounddevice.check_output_settings(device=devices[1], channels=1, dtype="int16", samplerate=rate)
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
