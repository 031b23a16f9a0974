"""A program as an engine: how it is called, and programs that hang, crash, lie or never end."""

from __future__ import annotations

import shlex
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from voicebot.tts.command_engine import CommandEngine, is_installed
from voicebot.tts.port import NORMAL, EngineBusyError, EngineError, Style

SPEAKS = (
    "import sys, wave",
    "text = sys.stdin.read() if len(sys.argv) < 2 else sys.argv[1]",
    "target = sys.argv[2] if len(sys.argv) > 2 else sys.stdout.buffer",
    "file = wave.open(target, 'wb')",
    "file.setnchannels(2); file.setsampwidth(2); file.setframerate(11025)",
    "file.writeframes(b'\\x00\\x10' * 2 * 1000 * len(text)); file.close()",
)


def program(tmp_path: Path, *lines: str) -> str:
    """A command line that runs these lines of Python."""
    script = tmp_path / "a program.py"
    script.write_text("\n".join(lines))
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}"


def seconds(engine: CommandEngine, text: str) -> float:
    sound = engine.synthesise(text, "ko", NORMAL)
    assert np.abs(sound.pcm.astype(int)).max() > 3000
    return len(sound.pcm) / sound.rate


@pytest.mark.parametrize("places", ["", " {text}", " {text} {file}"], ids=["pipes", "argument", "file"])
def test_text_goes_in_and_sound_of_any_rate_comes_out(tmp_path: Path, places: str) -> None:
    engine = CommandEngine(program(tmp_path, *SPEAKS) + places)
    assert seconds(engine, "안녕하세요 $(reboot) {file}") == pytest.approx(22 * 1000 / 11025, abs=0.05)


def test_language_and_rate_are_told(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = program(tmp_path, f"import sys; open({str(told)!r}, 'w').write(' '.join(sys.argv[1:]))")
    with pytest.raises(EngineError, match="no PCM WAV to standard output"):
        CommandEngine(script + " {language} {rate}").synthesise("Hello", "en", Style(rate=0.8))
    assert told.read_text() == "en 0.8"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("import sys; sys.exit(3)", "failed with status 3"),
        ("print('no sound')", "no PCM WAV"),
        ("import time; time.sleep(60)", "within 0.5 s"),
        ("import sys\nwhile True: sys.stdout.write('x' * 1000000)", "end|within"),
        ("import os; os.close(1); os.close(0); import time; time.sleep(60)", "within 0.5 s"),
    ],
    ids=["fails", "no sound", "hangs", "never ends", "closes and hangs"],
)
def test_a_program_that_gives_no_sound_is_one_clear_error(tmp_path: Path, line: str, words: str) -> None:
    engine = CommandEngine(program(tmp_path, line), time_limit_s=0.5)
    with pytest.raises(EngineError, match=words):
        engine.synthesise("네", "ko", NORMAL)


def test_what_a_late_program_started_is_stopped_with_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    line = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid_file)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    engine = CommandEngine(program(tmp_path, line), time_limit_s=2.0)
    with pytest.raises(EngineError, match="stopped"):
        engine.synthesise("네", "ko", NORMAL)
    status = Path(f"/proc/{pid_file.read_text()}/stat")
    assert not status.exists() or status.read_text().split()[2] == "Z"


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(EngineError, match="/no/such/program: can't be run"):
        CommandEngine("/no/such/program").synthesise("네", "ko", NORMAL)
    assert not is_installed("/no/such/program")
    assert is_installed(shlex.quote(sys.executable) + " -c ''")


@pytest.mark.parametrize("line", ["", "  ", "say 'it"])
def test_a_line_that_is_no_command_is_refused(line: str) -> None:
    with pytest.raises(EngineError, match="voice_command"):
        CommandEngine(line)


def test_who_would_wait_too_long_is_told_that_it_is_busy(tmp_path: Path) -> None:
    engine = CommandEngine(program(tmp_path, "import time; time.sleep(60)"), workers=1, time_limit_s=0.5)
    failures: list[EngineError] = []

    def speak() -> None:
        try:
            engine.synthesise("네", "ko", NORMAL)
        except EngineError as error:
            failures.append(error)

    callers = [threading.Thread(target=speak) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(failures) == 6
    assert sum(isinstance(failure, EngineBusyError) for failure in failures) >= 4
