"""Encryption at rest: nothing readable on disk, keys that change, damage that is told."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from voicebot.audio.mulaw import SILENCE
from voicebot.store import call_log
from voicebot.store.call_log import CallLog, CallLogError
from voicebot.store.call_recordings import CallRecordings
from voicebot.store.sealing import Sealer, SealError

OLD, NEW, OTHER = "old key " * 5, "new key " * 5, "another " * 5


def sealed_file(sealer: Sealer, *chunks: bytes) -> bytes:
    file = io.BytesIO()
    writer = sealer.writer(file)
    for number, chunk in enumerate(chunks, start=1):
        writer.write(chunk, last=number == len(chunks))
    return file.getvalue()


def test_a_new_key_reads_what_the_old_one_sealed() -> None:
    content = sealed_file(Sealer(OLD), b"first", b"second")
    assert b"first" not in content
    assert b"".join(Sealer(NEW, [OLD]).read(io.BytesIO(content), "x")) == b"firstsecond"
    with pytest.raises(SealError, match="another key"):
        list(Sealer(OTHER).read(io.BytesIO(content), "x"))


def test_a_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(SealError, match="write at least 32"):
        Sealer("short")


@pytest.mark.parametrize("place", [30, 45, -3])
def test_a_changed_file_is_told(place: int) -> None:
    content = bytearray(sealed_file(Sealer(OLD), b"x" * 40, b"y" * 40))
    content[place] ^= 1
    with pytest.raises(SealError, match="damaged"):
        list(Sealer(OLD).read(io.BytesIO(bytes(content)), "x"))


def test_a_file_whose_writer_died_is_read_as_far_as_it_goes() -> None:
    content = sealed_file(Sealer(OLD), b"a" * 40, b"b" * 40)
    assert b"".join(Sealer(OLD).read(io.BytesIO(content[:-20]), "x")) == b"a" * 40


def test_a_stored_call_is_sealed_whole_and_read_with_the_key(tmp_path: Path) -> None:
    log = CallLog(tmp_path, sealer=Sealer(OLD), today=lambda: date(2026, 11, 22))
    assert log.whole
    log.begin("CA1", pack="shop", version="1", language="ko", state={})
    log.turn("CA1", event={"kind": "Heard", "text": "공일공"}, actions=[], state_hash="0", at_ms=1)
    log.end("CA1")
    log.close()
    path = call_log.find(tmp_path, "CA1")
    assert "공일공".encode() not in path.read_bytes()
    assert call_log.read(path, Sealer(NEW, [OLD])).turns[0].event["text"] == "공일공"
    for sealer in (None, Sealer(OTHER)):
        with pytest.raises(CallLogError, match="audio_key"):
            call_log.read(path, sealer)
    assert call_log.forget(tmp_path, "CA1") == 1
    assert not call_log.stored(tmp_path, "CA1")


@pytest.mark.parametrize("sealer", [None, Sealer(OLD)])
def test_recordings_have_two_channels_and_begin_where_they_began(tmp_path: Path, sealer: Sealer | None) -> None:
    recordings = CallRecordings(tmp_path, sealer, today=lambda: date(2026, 11, 22))
    loud, quiet = np.full(8000, 16000, np.int16).tobytes(), np.zeros(8000, np.int16).tobytes()
    for begin in (2000, 5000):
        part = recordings.begin("CA1", begin)
        part.write(loud, quiet)
        part.close()
    sound = recordings.open("CA1")
    assert sound is not None
    assert (sound.begin_ms, sound.duration_ms) == (2000, 4000)
    caller, bot = sound.peaks(4)
    assert caller[0] > 0.4
    assert caller[1] == caller[2] == 0.0, "between the two parts"
    assert max(bot) == 0.0
    assert sound.wav()[:4] == b"RIFF"
    assert sound.payload[2 * 8000 : 2 * 8000 + 2] == SILENCE * 2
    (day,) = tmp_path.iterdir()
    readable = [path.read_bytes()[:4] == b"RIFF" for path in day.iterdir()]
    assert readable == [sealer is None] * 2
    assert all(path.stat().st_mode & 0o077 == 0 for path in day.iterdir())
    assert recordings.expire(date(2026, 11, 22)) == 0
    assert recordings.expire(date(2026, 11, 23)) == 2
    assert recordings.open("CA1") is None


def test_a_sealed_recording_needs_the_key(tmp_path: Path) -> None:
    part = CallRecordings(tmp_path, Sealer(OLD)).begin("CA1", 0)
    part.write(bytes(320), bytes(320))
    part.close()
    for sealer in (None, Sealer(OTHER)):
        with pytest.raises(SealError, match="audio_key"):
            CallRecordings(tmp_path, sealer).open("CA1")
