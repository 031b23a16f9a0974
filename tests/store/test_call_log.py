"""Calls are kept line by line and read back as they were, whatever happens to the disk and the file."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from voicebot.store.call_log import CallLog, CallLogError, expire, find, parts, read, state_hash

DAY = date(2026, 11, 22)
STATE = {"pack": "shop", "slots": {"상품": "운동화"}, "turn": 0}
HEARD = {"kind": "Heard", "text": "배송 언제 와요"}
SAY = {"kind": "Say", "text": "내일 도착합니다.", "turn": 1}


def keep(folder: Path, call_id: str = "CA12", turns: int = 2, *, ended: bool = True) -> Path:
    """One stored call."""
    log = CallLog(folder, today=lambda: DAY)
    log.begin(call_id, pack="shop", version="1", language="ko", state=STATE)
    for number in range(turns):
        log.turn(call_id, event=HEARD, actions=[SAY], state_hash=state_hash({"turn": number}), at_ms=1000 * number)
    if ended:
        log.end(call_id)
    log.close()
    return folder / "2026-11-22" / f"{call_id}.jsonl"


def test_a_call_reads_back_as_it_was(tmp_path: Path) -> None:
    path = keep(tmp_path)
    call = read(find(tmp_path, "CA12"))
    assert find(tmp_path, "CA12") == path
    assert (call.call_id, call.pack, call.version, call.language, call.state) == ("CA12", "shop", "1", "ko", STATE)
    assert [turn.event for turn in call.turns] == [HEARD, HEARD]
    assert [turn.actions for turn in call.turns] == [(SAY,), (SAY,)]
    assert [turn.at_ms for turn in call.turns] == [0, 1000]
    assert call.turns[0].state_hash == state_hash({"turn": 0}) != call.turns[1].state_hash
    assert call.complete


def test_only_the_service_can_read_what_callers_said(tmp_path: Path) -> None:
    path = keep(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_hash_of_a_state_does_not_depend_on_the_order_of_its_keys() -> None:
    assert state_hash({"a": 1, "b": [2, None]}) == state_hash({"b": [2, None], "a": 1})
    assert state_hash({"a": 1}) != state_hash({"a": 2})


def test_a_call_cut_off_reads_up_to_its_last_whole_line(tmp_path: Path) -> None:
    path = keep(tmp_path, turns=3, ended=False)
    whole = read(path)
    assert len(whole.turns) == 3
    assert not whole.complete
    path.write_bytes(path.read_bytes()[:-9])
    assert read(path).turns == whole.turns[:2]


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_torn_anywhere_gives_whole_turns_or_one_sentence(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "torn.jsonl"
    if not path.exists():
        shutil.copy(keep(tmp_path), path)
        shutil.copy(path, tmp_path / "whole.jsonl")
    whole = (tmp_path / "whole.jsonl").read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(CallLogError):
        assert read(path).turns == read(tmp_path / "whole.jsonl").turns[: len(read(path).turns)]


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rubbish_is_refused_in_one_sentence(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "rubbish.jsonl"
    path.write_bytes(rubbish + b"\n")
    with pytest.raises(CallLogError, match=r"rubbish\.jsonl"):
        read(path)


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"event": {}}',
        b'{"event": 1, "actions": [], "state_hash": "", "at_ms": 0}',
        b'{"event": {}, "actions": [1], "state_hash": "", "at_ms": 0}',
        b"\xff\xfe",
        b"",
        b"[" * 100_000,
        b'{"end":true}',
    ],
)
def test_damage_amid_a_file_is_told_with_its_line(tmp_path: Path, line: bytes) -> None:
    path = keep(tmp_path)
    lines = path.read_bytes().split(b"\n")
    lines[1] = line
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(CallLogError, match=r"CA12\.jsonl:2: this line is damaged; "):
        read(path)


def test_a_header_without_its_fields_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"format":1,"call":"x","pack":"shop","version":1,"language":"ko","state":{}}\n')
    with pytest.raises(CallLogError, match=r"x\.jsonl:1"):
        read(path)


@pytest.mark.parametrize("call", ["../x", "/etc/passwd", "a/../../b", "..", "", "x\x00y", "가", "a b", "x" * 101])
def test_ids_lead_nowhere_else(tmp_path: Path, call: str) -> None:
    with pytest.raises(CallLogError):
        find(tmp_path, call)
    log = CallLog(tmp_path / "calls", today=lambda: DAY)
    with capture_logs() as logs:
        log.begin(call, pack="shop", version="1", language="ko", state=STATE)
        log.turn(call, event=HEARD, actions=[SAY], state_hash="", at_ms=0)
        log.close()
    assert log.lost == 1
    assert len(logs) == 1
    assert not (tmp_path / "calls").exists()


def test_a_path_finds_its_file(tmp_path: Path) -> None:
    path = keep(tmp_path)
    assert find(tmp_path / "elsewhere", str(path)) == path


def test_the_latest_day_counts(tmp_path: Path) -> None:
    path = keep(tmp_path)
    (tmp_path / "2026-11-23").mkdir()
    later = shutil.copy(path, tmp_path / "2026-11-23" / path.name)
    (tmp_path / "notes").mkdir()
    assert find(tmp_path, "CA12") == later


def test_a_call_that_another_worker_takes_over_has_two_parts(tmp_path: Path) -> None:
    first = keep(tmp_path, ended=False)
    keep(tmp_path, turns=5)
    assert parts(tmp_path, "CA12") == (first, find(tmp_path, "CA12~2"))
    assert [len(read(path).turns) for path in parts(tmp_path, "CA12")] == [2, 5]


def test_a_call_is_written_up_to_the_first_line_that_can_not_be_kept(tmp_path: Path) -> None:
    log = CallLog(tmp_path, today=lambda: DAY)
    log.begin("a", pack="shop", version="1", language="ko", state=STATE)
    log.turn("a", event=HEARD, actions=[], state_hash="", at_ms=0)
    with capture_logs() as logs:
        log.turn("a", event={"what": object()}, actions=[], state_hash="", at_ms=1)
        log.turn("a", event=HEARD, actions=[], state_hash="", at_ms=2)
        log.end("a")
    log.close()
    call = read(find(tmp_path, "a"))
    assert len(call.turns) == 1
    assert not call.complete
    assert log.lost == 1
    assert [entry["event"] for entry in logs] == ["calls can't be kept for replay"]


def test_a_disk_that_takes_nothing_costs_one_log_line_and_no_call(tmp_path: Path) -> None:
    (tmp_path / "calls").write_text("a file where the folder should be")
    log = CallLog(tmp_path / "calls", today=lambda: DAY)
    with capture_logs() as logs:
        for number in range(20):
            log.begin(f"c{number}", pack="shop", version="1", language="ko", state=STATE)
            log.turn(f"c{number}", event=HEARD, actions=[], state_hash="", at_ms=0)
            log.end(f"c{number}")
        log.close()
    assert log.lost == 20
    assert len(logs) == 1
    assert "배송" not in json.dumps(logs, ensure_ascii=False)


def test_a_slow_disk_loses_calls_and_never_waits(tmp_path: Path) -> None:
    reached, released = threading.Event(), threading.Event()

    def slow_today() -> date:
        reached.set()
        released.wait(10)
        return DAY

    log = CallLog(tmp_path, today=slow_today, most_waiting=10)
    log.begin("first", pack="shop", version="1", language="ko", state=STATE)
    assert reached.wait(10)
    with capture_logs() as logs:
        for number in range(50):
            log.turn("first", event=HEARD, actions=[SAY], state_hash="", at_ms=number)
    released.set()
    log.close()
    assert log.lost == 1
    assert len(logs) == 1
    call = read(find(tmp_path, "first"))
    assert [turn.at_ms for turn in call.turns] == list(range(10))
    assert not call.complete


def test_many_threads_write_many_calls(tmp_path: Path) -> None:
    log = CallLog(tmp_path, today=lambda: DAY)

    def one(call_id: str) -> None:
        log.begin(call_id, pack="shop", version="1", language="ko", state=STATE)
        for number in range(20):
            log.turn(call_id, event=HEARD, actions=[SAY], state_hash=call_id, at_ms=number)
        log.end(call_id)

    threads = [threading.Thread(target=one, args=(f"call-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    for n in range(8):
        call = read(find(tmp_path, f"call-{n}"))
        assert [turn.at_ms for turn in call.turns] == list(range(20))
        assert call.complete


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_comes_back(tmp_path: Path, event: dict[str, Any]) -> None:
    log = CallLog(tmp_path, today=lambda: DAY)
    log.begin("x", pack="shop", version="1", language="ko", state=event)
    log.turn("x", event=event, actions=[event], state_hash=state_hash(event), at_ms=0)
    log.close()
    call = read(parts(tmp_path, "x")[-1])
    assert call.state == event
    assert call.turns[0].event == event
    assert call.turns[0].state_hash == state_hash(call.turns[0].event)


def test_a_broken_character_comes_back_too(tmp_path: Path) -> None:
    log = CallLog(tmp_path, today=lambda: DAY)
    log.begin("x", pack="shop", version="1", language="ko", state={})
    log.turn("x", event={"text": "네\ud800"}, actions=[], state_hash="", at_ms=0)
    log.close()
    assert read(find(tmp_path, "x")).turns[0].event == {"text": "네\ud800"}


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    log = CallLog(tmp_path, today=lambda: DAY)
    log.close()
    log.begin("x", pack="shop", version="1", language="ko", state={})
    log.end("x")
    with pytest.raises(CallLogError, match="no call x is stored"):
        find(tmp_path, "x")


def test_days_that_are_over_go(tmp_path: Path) -> None:
    keep(tmp_path)
    (tmp_path / "2026-10-01").mkdir()
    (tmp_path / "2026-10-01" / "old.jsonl").touch()
    (tmp_path / "0000-notes").mkdir()
    assert expire(tmp_path, date(2026, 11, 22)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0000-notes", "2026-11-22"]
    assert expire(tmp_path / "nowhere", DAY) == 0
