"""Recorded calls: two channels of mu-law at 8 kHz, the caller left and the bot right, under `recordings/YYYY-MM-DD/`.

A file `CALL~PART.BEGIN.wav` is one worker's part of a call, which began BEGIN milliseconds into it; with a key it is
`....wav.sealed` (see `sealing`). Files are readable by the service's own user only. What was written of a call whose
worker died can be heard.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

import numpy as np
import structlog

from voicebot.audio import mulaw
from voicebot.audio.format import SAMPLE_RATE
from voicebot.store.sealing import MAGIC, Sealer, SealError, SealingWriter, no_key

_log = structlog.get_logger(__name__)

_NAME = re.compile(r"(?P<call>[A-Za-z0-9][A-Za-z0-9_.-]{0,99})~(?P<part>\d{1,4})\.(?P<begin>\d{1,9})\.wav(?:\.sealed)?")
_CALL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MULAW, _CHANNELS = 7, 2
_HEADER_BYTES = 58
_UNKNOWN = 0xFFFFFFFF
"""Size of what is still being written."""
_BYTES_A_MS = _CHANNELS * SAMPLE_RATE // 1000


@dataclass(frozen=True)
class CallSound:
    """A recorded call."""

    begin_ms: int
    """Where on the call's clock the sound begins."""
    payload: bytes
    """Mu-law, the two channels interleaved."""

    @property
    def duration_ms(self) -> int:
        return len(self.payload) // _BYTES_A_MS

    def wav(self) -> bytes:
        """A WAV file as browsers play it."""
        return header(len(self.payload)) + self.payload

    def peaks(self, count: int = 400) -> tuple[list[float], list[float]]:
        """How loud the caller and the bot are in each of so many equal parts: the largest sample of it, 0 to 1."""
        samples = np.abs(mulaw.decode(self.payload).astype(np.int32)).reshape(-1, _CHANNELS)
        count = max(1, min(count, len(samples)))
        if not len(samples):
            return [], []
        edges = np.linspace(0, len(samples), count, endpoint=False).astype(int)
        largest = np.maximum.reduceat(samples, edges) / 32768
        return [round(float(value), 3) for value in largest[:, 0]], [round(float(value), 3) for value in largest[:, 1]]


def header(payload_bytes: int) -> bytes:
    """What stands before so many bytes of sound in a WAV file."""
    sample_frames = payload_bytes if payload_bytes == _UNKNOWN else payload_bytes // _CHANNELS
    whole = _UNKNOWN if payload_bytes == _UNKNOWN else payload_bytes + _HEADER_BYTES - 8
    form = struct.pack("<HHIIHHH", _MULAW, _CHANNELS, SAMPLE_RATE, SAMPLE_RATE * _CHANNELS, _CHANNELS, 8, 0)
    return (
        b"RIFF"
        + struct.pack("<I", whole)
        + b"WAVEfmt "
        + struct.pack("<I", len(form))
        + form
        + b"fact"
        + struct.pack("<II", 4, sample_frames)
        + b"data"
        + struct.pack("<I", payload_bytes)
    )


class Part:
    """One file under way. Blocking: written by one thread."""

    def __init__(self, path: Path, sealer: Sealer | None) -> None:
        """Raises OSError."""
        self.path = path
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        self._file: BinaryIO = os.fdopen(handle, "wb")
        self._sealed: SealingWriter | None = sealer.writer(self._file) if sealer else None
        self._bytes = 0
        self._put(header(_UNKNOWN))

    def write(self, caller: bytes, bot: bytes) -> None:
        """16-bit samples of both, of equal length. Raises OSError."""
        both = np.empty((len(caller) // 2, _CHANNELS), np.int16)
        both[:, 0], both[:, 1] = np.frombuffer(caller, np.int16), np.frombuffer(bot, np.int16)
        payload = mulaw.encode(both.reshape(-1))
        self._put(payload)
        self._bytes += len(payload)

    def close(self) -> None:
        """Raises OSError."""
        if self._sealed is not None:
            self._sealed.write(b"", last=True)
        else:
            self._file.seek(0)
            self._file.write(header(self._bytes))
        self._file.close()

    def drop(self) -> None:
        """The file goes."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _put(self, data: bytes) -> None:
        if self._sealed is not None:
            self._sealed.write(data)
        else:
            self._file.write(data)
            self._file.flush()


class CallRecordings:
    """The recordings under one folder. Blocking, from any thread."""

    def __init__(self, folder: Path, sealer: Sealer | None = None, *, today: Callable[[], date] = date.today) -> None:
        """`folder` is made when first needed. `sealer` None: they are not encrypted."""
        self._folder, self._sealer, self._today = folder, sealer, today

    def begin(self, call_id: str, begin_ms: int) -> Part:
        """A further part of a call. Raises OSError, and ValueError for what can be no call's id."""
        if not _CALL.fullmatch(call_id):
            raise ValueError("the call's id has characters that no id has")
        folder = self._folder / self._today().isoformat()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        known = [self._part_of(path) for path in self._files(call_id)]
        name = f"{call_id}~{max(known, default=0) + 1}.{begin_ms}.wav" + (".sealed" if self._sealer else "")
        return Part(folder / name, self._sealer)

    def has(self, call_id: str) -> bool:
        return bool(self._files(call_id))

    def open(self, call_id: str) -> CallSound | None:
        """A call's sound, its parts one after the other with silence between them; None where there is none.

        Raises SealError where no configured key opens it.
        """
        files = sorted(self._files(call_id), key=self._begin_of)
        if not files:
            return None
        begin = self._begin_of(files[0])
        payload = bytearray()
        for path in files:
            gap = (self._begin_of(path) - begin) * _BYTES_A_MS - len(payload)
            payload += mulaw.SILENCE * max(0, gap)
            payload += self._payload(path)
        return CallSound(begin, bytes(payload))

    def forget(self, call_id: str) -> int:
        """Delete what is recorded of a call; returns how many files that were. Raises OSError."""
        files = self._files(call_id)
        for path in files:
            path.unlink(missing_ok=True)
        return len(files)

    def expire(self, before: date) -> int:
        """Delete the recordings of the days before `before`; returns how many."""
        removed = 0
        for day in self._days():
            if day.name >= before.isoformat():
                continue
            for path in list(day.iterdir()):
                try:
                    path.unlink()
                    removed += 1
                except OSError as error:
                    _log.warning("a recording can't be removed", folder=str(day), reason=error.strerror)
            with contextlib.suppress(OSError):
                day.rmdir()
        return removed

    def _payload(self, path: Path) -> bytes:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                file.seek(0)
                content = file.read()
            elif self._sealer is None:
                raise no_key(str(path))
            else:
                file.seek(0)
                content = b"".join(self._sealer.read(file, str(path)))
        if content[:4] != b"RIFF":
            raise SealError(f"{path}: is no recording, or is damaged; restore it from a backup.")
        payload = content[_HEADER_BYTES:]
        return payload[: len(payload) - len(payload) % _CHANNELS]

    def _files(self, call_id: str) -> list[Path]:
        found = []
        for day in self._days():
            for path in day.glob(f"{call_id}~*.wav*") if _CALL.fullmatch(call_id) else ():
                match = _NAME.fullmatch(path.name)
                if match is not None and match["call"] == call_id:
                    found.append(path)
        return found

    def _days(self) -> list[Path]:
        try:
            return [path for path in self._folder.iterdir() if _DAY.fullmatch(path.name) and path.is_dir()]
        except OSError:
            return []

    def _part_of(self, path: Path) -> int:
        match = _NAME.fullmatch(path.name)
        return int(match["part"]) if match else 0

    def _begin_of(self, path: Path) -> int:
        match = _NAME.fullmatch(path.name)
        return int(match["begin"]) if match else 0
