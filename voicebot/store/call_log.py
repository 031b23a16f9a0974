"""Calls as they went, turn by turn, for replay: JSON lines under `calls/YYYY-MM-DD/CALL.jsonl`.

A file's first line is its header: what the dialogue began with. Each further line is one turn of the dialogue: the
event, the actions that followed, a hash of the state after it, and the moment. An end line closes a call that ended in
order. Messages and states are plain JSON objects: what they mean is the dialogue's business.

With a key the lines are sealed (`sealing`) and hold all that was said, so that a call is held again word for word.
Without one they are written without personal data: turns whose words were changed can't be compared then. The files are
readable by the service's own user only, and `expire` removes them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import structlog

from voicebot.errors import VoicebotError
from voicebot.store.sealing import Sealer, SealError, is_sealed_line, no_key

_log = structlog.get_logger(__name__)

_FORMAT = 1
_LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of a file that are read at most: a call of a hundred thousand turns."""
_CALL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_PART = re.compile(rf"{_CALL_ID.pattern}(~[1-9]\d{{0,3}})?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_END = b'{"end":true}'

_Kind = Literal["begin", "turn", "end"]


class CallLogError(VoicebotError):
    """A stored call that can't be found or read."""


@dataclass(frozen=True)
class StoredTurn:
    """One turn of a stored call."""

    event: Mapping[str, Any]
    actions: tuple[Mapping[str, Any], ...]
    state_hash: str
    """`state_hash` of the state after the turn."""
    at_ms: int
    """On the call's clock, when the event came."""


@dataclass(frozen=True)
class StoredCall:
    """A call, or the part of it that one worker held."""

    call_id: str
    pack: str
    version: str
    """Of the pack."""
    language: str
    state: Mapping[str, Any]
    """The dialogue's state at the beginning."""
    turns: tuple[StoredTurn, ...]
    redacted: bool
    """Whether it was written without personal data."""
    complete: bool
    """Whether the call ended in order. Else its last turns may be missing; those that are here are whole."""


def state_hash(state: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that tell states apart; equal for equal JSON, whatever the order of its keys."""
    canonical = json.dumps(state, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


class CallLog:
    """Writes calls, from any thread. Nothing here waits for the disk or raises: one thread of its own writes.

    A call of which a line could not be kept is not written any further, so that what is there always replays.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sealer: Sealer | None = None,
        today: Callable[[], date] = date.today,
        most_waiting: int = 4096,
    ) -> None:
        """`folder` is made when first needed; `most_waiting` lines wait for the disk at most, further ones are lost.

        `sealer` None: nothing is encrypted, and `whole` is False.
        """
        self._folder, self._sealer = folder, sealer
        self.whole = sealer is not None
        """Whether it may be given what callers said; else only what is without personal data."""
        self._today = today
        self._lines: queue.Queue[tuple[_Kind, str, bytes] | None] = queue.Queue(most_waiting)
        self._lock = threading.Lock()
        self._running: set[str] = set()
        """Calls that are being written."""
        self._paths: dict[str, Path] = {}
        """Their files; the writing thread's own."""
        self._thread: threading.Thread | None = None
        self._closed = False
        self._failing = False
        self.lost = 0
        """Calls of which something was not kept."""

    def begin(self, call_id: str, *, pack: str, version: str, language: str, state: Mapping[str, Any]) -> None:
        """A call begins, or goes on here from `state` after another worker held it: that makes a further part."""
        if not _CALL_ID.fullmatch(call_id):
            self._lose(call_id, "the call's id has characters that no id has")
            return
        with self._lock:
            if self._closed:
                return
            self._running.add(call_id)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_all, name="call log", daemon=True)
                self._thread.start()
        header = {"format": _FORMAT, "call": call_id, "pack": pack, "version": version, "language": language}
        self._put("begin", call_id, {**header, **({} if self.whole else {"redacted": True}), "state": state})

    def turn(
        self,
        call_id: str,
        *,
        event: Mapping[str, Any],
        actions: Sequence[Mapping[str, Any]],
        state_hash: str,
        at_ms: int,
    ) -> None:
        """One turn of a call that has begun; ignored for any other."""
        line = {"event": event, "actions": actions, "state_hash": state_hash, "at_ms": at_ms}
        self._put("turn", call_id, line)

    def end(self, call_id: str) -> None:
        """The call ended in order."""
        self._put("end", call_id, {"end": True})
        with self._lock:
            self._running.discard(call_id)

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what still waits, for so long at most, and take no more."""
        with self._lock:
            self._closed = True
            self._running.clear()
            thread = self._thread
        if thread is None:
            return
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=timeout_s)
        thread.join(timeout_s)

    def _put(self, kind: _Kind, call_id: str, line: Mapping[str, Any]) -> None:
        with self._lock:
            if call_id not in self._running:
                return
        try:
            text = json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            # A lone surrogate becomes its JSON escape.
            self._lines.put_nowait((kind, call_id, text.encode(errors="backslashreplace") + b"\n"))
        except queue.Full:
            self._lose(call_id, "the disk is too slow: too many lines wait for it")
        except (TypeError, ValueError, RecursionError) as error:
            self._lose(call_id, f"a line is no JSON ({type(error).__name__})")

    def _lose(self, call_id: str, reason: str) -> None:
        """Give a call up. One log line until something was written again: a full disk must not fill the log too."""
        with self._lock:
            self._running.discard(call_id)
            self.lost += 1
            told, self._failing = self._failing, True
        if not told:
            _log.warning("calls can't be kept for replay", folder=str(self._folder), reason=reason)

    def _write_all(self) -> None:
        while (item := self._lines.get()) is not None:
            kind, call_id, line = item
            try:
                self._write(kind, call_id, line)
            except OSError as error:
                self._paths.pop(call_id, None)
                self._lose(call_id, error.strerror or type(error).__name__)

    def _write(self, kind: _Kind, call_id: str, line: bytes) -> None:
        if kind == "begin":
            self._paths[call_id] = self._new_file(call_id)
        path = self._paths.get(call_id)
        if path is None:
            return  # given up after a line of it failed; these were waiting already
        if self._sealer is not None:
            line = self._sealer.line(line.removesuffix(b"\n"), call_id) + b"\n"
        with path.open("ab") as file:
            file.write(line)
        if kind == "end":
            del self._paths[call_id]
        self._failing = False

    def _new_file(self, call_id: str) -> Path:
        folder = self._folder / self._today().isoformat()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in range(1, 10_000):
            path = folder / f"{call_id}{f'~{part}' if part > 1 else ''}.jsonl"
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                return path
        raise FileExistsError(17, "the call has ten thousand parts")


def find(folder: Path, call: str) -> Path:
    """The file of a call: `call` is its id (`CA12`, or `CA12~2` for its second part), or the path of a `.jsonl` file.

    Of several days that have the id, the latest counts. Raises CallLogError where there is none.
    """
    if call.endswith(".jsonl"):
        path = Path(call)
        if not path.is_file():
            raise CallLogError(f"{call}: there is no such file; give a stored call's id or the path of its file.")
        return path
    if not _PART.fullmatch(call):
        raise CallLogError(
            f"{call[:100]!r} is no call id; an id has letters, digits, '.', '_' and '-', at most 100 of them."
        )
    for day in sorted(_days(folder), reverse=True):
        path = day / f"{call}.jsonl"
        if path.is_file():
            return path
    raise CallLogError(f"{folder}: no call {call} is stored there; `ls {folder}` shows the days that are kept.")


def parts(folder: Path, call_id: str) -> tuple[Path, ...]:
    """The files of a call in their order: several where workers took it over from each other.

    Raises CallLogError where there is none.
    """
    first = find(folder, call_id)
    further: list[Path] = []
    while (path := first.with_name(f"{first.stem}~{len(further) + 2}.jsonl")).is_file():
        further.append(path)
    return (first, *further)


def read(path: Path, sealer: Sealer | None = None) -> StoredCall:
    """A stored call. A last line that was torn when the writing stopped is left out.

    Raises CallLogError for what can't be read and for any other damage, with the line, and for what was sealed with
    none of the keys of `sealer`.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise CallLogError(f"{path}: larger than {_LARGEST_FILE >> 20} MB, which no call is; give a call's file.")
        data = path.read_bytes()
    except OSError as error:
        raise CallLogError(f"{path}: can't be read ({error.strerror}); check the path and its permissions.") from None
    lines = data.split(b"\n")
    lines.pop()  # empty behind the last line's end; else the torn line
    if not lines:
        raise CallLogError(f"{path}: no call is in it, not even its first line; choose another call.")
    if is_sealed_line(lines[0]):
        if sealer is None:
            raise CallLogError(str(no_key(str(path))))
        call = path.stem.partition("~")[0]
        try:
            lines = [sealer.open_line(line, call, f"{path}:{number}") for number, line in enumerate(lines, start=1)]
        except SealError as error:
            raise CallLogError(str(error)) from None
    header = _object(path, 1, lines[0])
    if header.get("format") != _FORMAT:
        raise CallLogError(
            f"{path}:1: no header of a stored call of format {_FORMAT}; give a file that this version wrote."
        )
    complete = lines[-1] == _END
    turns = tuple(
        _turn(path, number, _object(path, number, line))
        for number, line in enumerate(lines[1 : len(lines) - complete], start=2)
    )
    state = header.get("state")
    names = [header.get(key) for key in ("call", "pack", "version", "language")]
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in names):
        raise _damaged(path, 1)
    call_id, pack, version, language = map(str, names)
    return StoredCall(call_id, pack, version, language, state, turns, header.get("redacted") is True, complete)


def forget(folder: Path, call_id: str) -> int:
    """Delete what is stored of a call; returns how many files that were. Raises OSError."""
    found = [
        path
        for day in _days(folder)
        for path in day.glob(f"{call_id}*.jsonl")
        if path.stem.partition("~")[0] == call_id
    ]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def stored(folder: Path, call_id: str) -> bool:
    """Whether anything is stored of a call."""
    return any((day / f"{call_id}.jsonl").is_file() for day in _days(folder))


def expire(folder: Path, before: date) -> int:
    """Remove the days before `before`; returns how many. What can't be removed is logged and stays."""
    removed = 0
    for day in _days(folder):
        if day.name < before.isoformat():
            try:
                shutil.rmtree(day)
                removed += 1
            except OSError as error:
                _log.warning("stored calls can't be removed", folder=str(day), reason=error.strerror)
    return removed


def _days(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if _DAY.fullmatch(path.name) and path.is_dir()]
    except OSError:
        return []


def _damaged(path: Path, line: int) -> CallLogError:
    return CallLogError(f"{path}:{line}: this line is damaged; restore the file from a backup or choose another call.")


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise _damaged(path, number) from None
    if not isinstance(value, dict):
        raise _damaged(path, number)
    return value


def _turn(path: Path, number: int, line: Mapping[str, Any]) -> StoredTurn:
    match line:
        case {"event": dict(event), "actions": list(actions), "state_hash": str(state), "at_ms": int(at_ms)} if all(
            isinstance(action, dict) for action in actions
        ):
            return StoredTurn(event, tuple(actions), state, at_ms)
    raise _damaged(path, number)
