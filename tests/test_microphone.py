"""The microphone channel without a sound card: blocks go round as one would move them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot import microphone
from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.channel import Outcome
from voicebot.cli.mic import TypedKeys
from voicebot.microphone import ECHO_TAIL_S, DuplexLine, SoundCardError


@dataclass
class HeardCall:
    """What the call got from the channel."""

    sound: bytearray = field(default_factory=bytearray)
    marks: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    left: bool = False

    def audio(self, pcm: bytes) -> None:
        self.sound += pcm

    def key(self, digit: str) -> None:
        self.keys.append(digit)

    def played(self, mark: str) -> None:
        self.marks.append(mark)

    def hung_up(self) -> None:
        self.left = True

    async def run(self) -> Outcome:
        return Outcome("hang_up")

    @property
    def pcm(self) -> Pcm:
        return np.frombuffer(bytes(self.sound), dtype=np.int16)


def at_once(work: Callable[..., object], *arguments: object) -> None:
    work(*arguments)


def a_line(rate: int = SAMPLE_RATE, *, headphones: bool = False, latency_s: float = 0.05) -> tuple[Card, HeardCall]:
    card, call = Card(rate, headphones=headphones, latency_s=latency_s), HeardCall()
    card.line.connect(call)
    return card, call


class Card:
    """A sound card that gives and takes 20 ms at a time, in virtual time."""

    def __init__(self, rate: int, *, headphones: bool, latency_s: float) -> None:
        self.rate = rate
        self.now = 0.0
        self.line = DuplexLine(rate, headphones=headphones, latency_s=latency_s, post=at_once, clock=lambda: self.now)

    def exchange(self, recorded: Pcm, block: int = 0) -> Pcm:
        """What was played while `recorded` came."""
        block = block or self.rate // 50
        played = []
        for at in range(0, len(recorded), block):
            part = recorded[at : at + block]
            self.now += len(part) / self.rate
            played.append(self.line.give(len(part)))
            self.line.take(part)
        return np.concatenate(played)


def tone(ms: int, rate: int = SAMPLE_RATE, hertz: int = 400) -> Pcm:
    at = np.arange(rate * ms // 1000) / rate
    return (8000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def silence(ms: int, rate: int = SAMPLE_RATE) -> Pcm:
    return np.zeros(rate * ms // 1000, dtype=np.int16)


def test_what_is_queued_is_played_in_order_with_its_marks() -> None:
    card, call = a_line()
    first, second = tone(50), tone(30, hertz=700)
    card.line.play(first, "one")
    card.line.play(second, "two")
    played = card.exchange(silence(100))
    assert np.array_equal(played, np.concatenate([first, second, silence(20)]))
    assert call.marks == ["one", "two"]


def test_a_mark_without_sound_waits_for_the_sound_before_it() -> None:
    card, call = a_line()
    card.line.play(tone(40), "sound")
    card.line.play(silence(0), "end")
    card.exchange(silence(20))
    assert call.marks == []
    card.exchange(silence(20))
    assert call.marks == ["sound", "end"]


def test_clearing_stops_the_sound_and_gives_every_mark_back_once() -> None:
    card, call = a_line()
    for mark in "abc":
        card.line.play(tone(100), mark)
    card.exchange(silence(120))
    card.line.clear()
    assert not card.exchange(silence(400)).any()
    assert call.marks == ["a", "b", "c"]


def test_silence_goes_out_and_sound_comes_in_where_nothing_is_said() -> None:
    card, call = a_line()
    voice = tone(200)
    assert not card.exchange(voice).any()
    assert np.array_equal(call.pcm, voice)


def test_over_loudspeakers_the_bot_does_not_hear_itself() -> None:
    card, call = a_line(latency_s=0.06)
    card.line.play(tone(500), "greeting")
    bot = card.exchange(silence(1000))
    # The room: everything that was played comes back 60 ms later, half as loud, and rings on for 200 ms.
    delayed = np.concatenate([silence(60), bot])[: len(bot)]
    echo = (delayed * 0.5).astype(np.int16) + np.concatenate([silence(200), delayed])[: len(bot)] // 8
    card, call = a_line(latency_s=0.06)
    card.line.play(tone(500), "greeting")
    card.exchange(echo.astype(np.int16))
    assert not call.pcm.any()
    assert len(call.pcm) == len(echo), "the call's clock goes on"


def test_the_caller_is_heard_again_once_the_echo_has_died_away() -> None:
    card, call = a_line(latency_s=0.05)
    card.line.play(tone(100), "m")
    caller = tone(1000)
    card.exchange(caller)
    first_heard_ms = int(np.flatnonzero(call.pcm)[0] * 1000 / SAMPLE_RATE)
    assert 100 + 50 + 1000 * ECHO_TAIL_S - 20 <= first_heard_ms <= 100 + 50 + 1000 * ECHO_TAIL_S + 20


def test_with_headphones_the_caller_is_heard_while_the_bot_talks() -> None:
    card, call = a_line(headphones=True)
    card.line.play(tone(500), "m")
    caller = tone(500, hertz=300)
    card.exchange(caller)
    assert np.array_equal(call.pcm, caller)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_a_sound_card_of_another_rate_is_resampled_both_ways(rate: int) -> None:
    card, call = a_line(rate, headphones=True)
    card.line.play(tone(1000), "m")
    played = card.exchange(tone(2000, rate))
    assert len(played) == 2 * rate
    assert call.marks == ["m"]
    assert loudest_hertz(played, rate) == pytest.approx(400, abs=5)
    assert loudest_hertz(call.pcm, SAMPLE_RATE) == pytest.approx(400, abs=5)
    assert len(call.pcm) == pytest.approx(2 * SAMPLE_RATE, abs=SAMPLE_RATE // 5)  # soxr holds some back
    # No clicks where blocks meet: nothing far from the tone.
    spectrum = np.abs(np.fft.rfft(call.pcm[2000:14_000] * np.hanning(12_000)))
    assert spectrum[1000:].max() < spectrum.max() / 1000


def test_the_echo_is_muted_on_a_resampled_sound_card_too() -> None:
    card, call = a_line(48_000, latency_s=0.05)
    echo = tone(1000, 48_000)
    card.line.play(tone(600), "m")
    bot = card.exchange(silence(1000, 48_000))
    card, call = a_line(48_000, latency_s=0.05)
    card.line.play(tone(600), "m")
    card.exchange(np.where(bot != 0, echo, 0).astype(np.int16))
    assert np.abs(call.pcm).max() <= 2, "soxr's dither"


def loudest_hertz(pcm: Pcm, rate: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(pcm))) * rate / len(pcm))


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 700), max_size=8),
    blocks=st.lists(st.integers(1, 900), min_size=1, max_size=30),
    clear_after=st.integers(0, 40),
)
def test_whatever_the_blocks_every_mark_comes_back_once_in_order(
    lengths: list[int], blocks: list[int], clear_after: int
) -> None:
    card, call = a_line()
    for number, length in enumerate(lengths):
        card.line.play(np.ones(length, dtype=np.int16), str(number))
    for number, block in enumerate(blocks):
        if number == clear_after:
            card.line.clear()
        assert len(card.exchange(np.zeros(block, dtype=np.int16))) == block
    card.line.clear()
    assert call.marks == [str(number) for number in range(len(lengths))]


def test_typed_letters_become_keys_and_q_hangs_up() -> None:
    keys, call = TypedKeys(), HeardCall()
    keys.typed("1")
    keys.connect(call)
    keys.typed("12x#\n*a")
    assert call.keys == ["1", "2", "#", "*", "A"]
    assert not call.left
    keys.typed("q")
    assert call.left


class FakeSoundDevice(SimpleNamespace):
    """What `microphone` asks of the sounddevice library, for a machine with the given devices."""

    class PortAudioError(Exception): ...

    def query_devices(self, device: int | str | None = None, kind: str | None = None) -> Any:
        if kind is None:
            return self.devices
        for known in self.devices:
            if known[f"max_{kind}_channels"] and device in (None, known["index"], known["name"]):
                return known
        raise ValueError("No such device")

    def _check(self, *, device: int, samplerate: int, **_: object) -> None:
        if samplerate not in self.devices[device]["rates"]:
            raise self.PortAudioError("Invalid sample rate")

    check_input_settings = check_output_settings = _check


def a_device(index: int, name: str, inputs: int, outputs: int, *rates: int) -> dict[str, Any]:
    return {
        "index": index,
        "name": name,
        "max_input_channels": inputs,
        "max_output_channels": outputs,
        "rates": rates,
    }


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    present: list[dict[str, Any]] = []
    library = FakeSoundDevice(devices=present, default=SimpleNamespace(device=(0, 1)))
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    return present


def test_devices_are_found_by_name_and_the_rate_that_both_take_is_chosen(devices: list[dict[str, Any]]) -> None:
    devices += [a_device(0, "headset", 1, 0, 16_000, 48_000), a_device(1, "speakers", 0, 2, 44_100, 48_000)]
    card = microphone.find_sound_card("headset", "1")
    assert (card.microphone, card.loudspeaker, card.rate) == (0, 1, 48_000)
    assert [device.is_default_output for device in microphone.list_devices()] == [False, True]


def test_what_is_missing_or_does_not_go_together_is_one_sentence(devices: list[dict[str, Any]]) -> None:
    with pytest.raises(SoundCardError, match="there is no microphone;"):
        microphone.find_sound_card()
    devices += [a_device(0, "headset", 1, 0, 16_000), a_device(1, "speakers", 0, 2, 44_100)]
    with pytest.raises(SoundCardError, match="there is no loudspeaker called 'hifi'"):
        microphone.find_sound_card(loudspeaker="hifi")
    with pytest.raises(SoundCardError, match=r"can't be used \(Invalid sample rate\)"):
        microphone.find_sound_card()


def test_a_machine_without_portaudio_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoPortAudio:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoPortAudio(), *sys.meta_path])
    with pytest.raises(SoundCardError, match="apt-get install -y libportaudio2"):
        microphone.find_sound_card()
