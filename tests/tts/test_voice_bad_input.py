"""Whatever goes wrong, the caller hears the best there is, and the operator is told once."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from tests.tts.engines import ToneEngine
from tests.tts.speech_like import speech_like
from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.wav import write_wav
from voicebot.tts.cache import SoundCache
from voicebot.tts.command_engine import CommandEngine
from voicebot.tts.port import Sound, Style
from voicebot.tts.pyttsx3_engine import Pyttsx3Engine
from voicebot.tts.voice import AHEAD_S, TelephoneVoice

PROGRAM = """
import pathlib, random, sys, time, wave
kind, file, speech = sys.argv[1:]
with wave.open(speech, "rb") as good:
    rate, samples = good.getframerate(), good.readframes(good.getnframes())
if kind == "hangs":
    time.sleep(600)
if kind == "crashes":
    sys.exit(3)
if kind == "no wav":
    pathlib.Path(file).write_text("Traceback (most recent call last):")
    sys.exit(0)
if kind == "noise":
    samples = random.Random(1).randbytes(len(samples))
if kind == "constant":
    samples = (12000).to_bytes(2, "little") * (len(samples) // 2)
if kind == "endless":
    samples *= 80
if kind == "wrong rate":
    rate //= 4
if kind == "clipped":
    loud = (max(-32768, min(32767, 9 * int.from_bytes(samples[at:at + 2], "little", signed=True)))
            for at in range(0, len(samples), 2))
    samples = b"".join(value.to_bytes(2, "little", signed=True) for value in loud)
with wave.open(file, "wb") as out:
    out.setparams((1, 2, rate, 0, "NONE", ""))
    out.writeframes(samples)
"""
TEXT = "Your order arrives tomorrow before noon."


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "speak.py"
    path.write_text(PROGRAM)
    write_wav(tmp_path / "speech.wav", speech_like(12, 24_000), 24_000)
    return path


def engine(program: Path, kind: str, *, name: str = "", time_limit_s: float = 10.0) -> CommandEngine:
    command = [sys.executable, str(program), kind, "{file}", str(program.with_name("speech.wav"))]
    return CommandEngine(command, name=name or kind, time_limit_s=time_limit_s)


def test_the_little_program_itself_is_heard(program: Path) -> None:
    assert 1.5 < len(TelephoneVoice([engine(program, "speaks")], SoundCache(None)).speak(TEXT, "en")) / SAMPLE_RATE < 3


@pytest.mark.parametrize("kind", ["crashes", "no wav", "noise", "constant", "endless", "wrong rate", "clipped"])
def test_the_next_engine_is_heard_instead_and_the_operator_is_told_once(program: Path, kind: str) -> None:
    tone = ToneEngine()
    voice = TelephoneVoice([engine(program, kind), tone], SoundCache(None))
    with capture_logs() as logs:
        for day in ("Monday", "Tuesday", "Wednesday", "Thursday"):
            assert len(voice.speak(TEXT.replace("tomorrow", f"on {day}"), "en"))
    assert len(tone.asked) == 4
    assert [entry["engine"] for entry in logs] == [kind]
    assert logs[0]["log_level"] == "warning"


@pytest.mark.parametrize("kind", ["crashes", "noise"])
def test_alone_it_costs_silence_and_one_message_for_it_and_one_for_the_silence(program: Path, kind: str) -> None:
    voice = TelephoneVoice([engine(program, kind)], SoundCache(None))
    with capture_logs() as logs:
        for _ in range(4):
            assert len(voice.speak(TEXT, "en")) == 0
    assert sorted(entry["engine"] for entry in logs) == sorted(["all", kind])


@pytest.mark.parametrize("kind", ["clipped", "wrong rate"])
def test_distorted_speech_is_better_than_none(program: Path, kind: str) -> None:
    voice = TelephoneVoice([engine(program, kind)], SoundCache(None))
    assert len(voice.speak(TEXT, "en")) > SAMPLE_RATE
    assert len(voice.speak(TEXT, "en")) > SAMPLE_RATE


def test_an_engine_that_hangs_keeps_nobody_waiting_longer_than_patience_lasts(program: Path) -> None:
    tone = ToneEngine()
    hanging = engine(program, "hangs", time_limit_s=1.0)
    voice = TelephoneVoice([hanging, tone], SoundCache(None), patience_s=0.05)
    heard: list[int] = []
    callers = [threading.Thread(target=lambda n=n: heard.append(len(voice.speak(f"{n}.", "en")))) for n in range(12)]
    with capture_logs() as logs:
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(10)
    assert len(heard) == 12
    assert all(heard)
    assert len(logs) == 1
    voice.close()


def test_a_slow_voice_that_still_comes_is_heard_where_all_others_failed() -> None:
    class Slow(ToneEngine):
        def synthesise(self, text: str, language: str, style: Style) -> Sound:
            arrived.set()
            release.wait(10)
            return super().synthesise(text, language, style)

    class Broken(ToneEngine):
        def synthesise(self, text: str, language: str, style: Style) -> Sound:
            release.set()
            raise ZeroDivisionError

    arrived, release = threading.Event(), threading.Event()
    voice = TelephoneVoice([Slow("slow"), Broken("broken")], SoundCache(None), patience_s=0.05)
    assert len(voice.speak("네.", "ko"))
    assert arrived.is_set()


def test_a_slow_engine_is_not_waited_for_but_makes_what_is_made_ahead() -> None:
    now = 0.0

    class Slow(ToneEngine):
        def synthesise(self, text: str, language: str, style: Style) -> Sound:
            nonlocal now
            now += 0.5 * len(text)
            return super().synthesise(text, language, style)

    slow, quick = Slow("slow"), ToneEngine("quick")
    voice = TelephoneVoice([slow, quick], SoundCache(None), clock=lambda: now)
    voice.speak("처음에는 아무것도 모릅니다.", "ko")
    assert not quick.asked
    voice.speak("이제는 얼마나 걸리는지 압니다.", "ko")
    assert [text for text, _, _ in quick.asked] == ["이제는 얼마나 걸리는지 압니다."]
    voice.speak("이것은 미리 만들어 둡니다.", "ko", within_s=AHEAD_S)
    assert len(quick.asked) == 1


def test_twenty_thousand_characters_are_spoken_in_pieces() -> None:
    class Quick(ToneEngine):
        def synthesise(self, text: str, language: str, style: Style) -> Sound:
            self.asked.append((text, language, style))
            return Sound(short, 8000)

    short = speech_like(40, 8000)
    tone = Quick()
    text = "가나다라 마바사아 " * 2000
    assert len(text) == 20_000
    assert len(TelephoneVoice([tone], SoundCache(None)).speak(text, "ko"))
    assert max(len(said) for said, _, _ in tone.asked) <= 200


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("안녕 😀👨‍👩‍👧‍👦 Hello こんにちは 你好 مرحبا 3️⃣", "ko"),
        ("Hello 안녕하세요 \x00\x07\x1b[31m naïve Ωmega \u202e reversed", "en"),
        ("\ud800 a lone surrogate", "en"),
        ("<break time='1s'/><emphasis>Now</emphasis> & <unknown>then</unknown> <prosody rate='", "en"),
        ("가" * 3000, "ko"),
        ("a" * 3000, "en"),
    ],
)
def test_any_text_is_spoken_by_the_real_engine(pyttsx3_engine: Pyttsx3Engine, text: str, language: str) -> None:
    with capture_logs() as logs:
        pcm = TelephoneVoice([pyttsx3_engine], SoundCache(None)).speak(text, language)
    assert len(pcm) > SAMPLE_RATE / 4
    assert logs == []


FULL_DISK = textwrap.dedent("""
    import resource, sys
    from pathlib import Path
    from tests.tts.engines import ToneEngine
    from voicebot.tts.cache import SoundCache
    from voicebot.tts.voice import TelephoneVoice
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    voice = TelephoneVoice([ToneEngine()], SoundCache(Path(sys.argv[1])))
    lengths = [len(voice.speak(f"{n} {n}.", "en")) for n in range(5)]
    assert all(lengths), lengths
    assert voice.is_ready("0 0.", "en")
    voice.close()
""")


def test_a_full_disk_costs_no_word_and_one_message(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "voices")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("not cached on disk") == 1
    assert not [path for path in (tmp_path / "voices").rglob("*") if path.is_file()]


def test_a_sound_that_no_engine_would_make_does_not_end_the_service() -> None:
    class Strange(ToneEngine):
        def synthesise(self, text: str, language: str, style: Style) -> Sound:
            return Sound(strange, 22_050)

    strange: Pcm = np.zeros((10, 2), np.int16)
    tone = ToneEngine("tone")
    assert len(TelephoneVoice([Strange("strange"), tone], SoundCache(None)).speak("네.", "ko"))
