"""Callers are remembered by a keyed hash of their number, forgotten for good, and never cost a call."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from voicebot.store.key_file import KeyFileError
from voicebot.store.profile import Facts, Preferences, Profile, Subject
from voicebot.store.profiles import Profiles, ProfilesError

DAY = date(2026, 11, 22)
NUMBER = "+821012345678"
OTHER = "+821087654321"
KEY = "0123456789abcdef" * 4


def profiles(folder: Path, day: date = DAY, keep_days: int = 365) -> Profiles:
    return Profiles(folder, KEY, keep_days=keep_days, today=lambda: day)


def about(intent: str, day: date = DAY, *, resolved: bool = True) -> Facts:
    return Facts(day.isoformat(), (Subject(intent, day.isoformat(), resolved),))


def bytes_of(folder: Path) -> bytes:
    """All that is stored, key and lock included."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_a_caller_is_known_the_next_time(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    assert kept.find(NUMBER) is None
    yesterday = DAY - timedelta(days=1)
    assert kept.remember(NUMBER, about("order_status", yesterday, resolved=False))
    assert kept.remember(NUMBER, about("refund"))
    found = profiles(tmp_path).find(NUMBER)
    assert found is not None
    assert found.subjects == (
        Subject("refund", "2026-11-22", True),
        Subject("order_status", "2026-11-21", False),
    )
    assert (found.calls, found.first_day, found.last_day) == (2, "2026-11-21", "2026-11-22")
    assert found.intents == {"order_status": 1, "refund": 1}
    assert kept.find(OTHER) is None


def test_a_profile_survives_json(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    kept.remember(NUMBER, about("refund"))
    found = kept.find(NUMBER)
    assert found is not None
    assert Profile.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize("rubbish", [{}, {"subjects": 1}, {"subjects": [], "preferences": {}, "intents": []}])
def test_what_is_no_profile_is_refused(rubbish: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a profile"):
        Profile.from_json(rubbish)


def test_preferences_that_were_not_stated_stay(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    kept.remember(NUMBER, Facts("2026-11-22", preferences=Preferences(language="ko", rate=0.8, age_group="senior")))
    kept.remember(NUMBER, Facts("2026-11-22", preferences=Preferences(length="short"), handed_over=True))
    found = kept.find(NUMBER)
    assert found is not None
    assert found.preferences == Preferences(language="ko", rate=0.8, length="short", age_group="senior")
    assert found.handed_over == 1


def test_only_the_latest_subjects_are_kept(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    for number in range(15):
        kept.remember(NUMBER, about(f"intent_{number}"))
    found = kept.find(NUMBER)
    assert found is not None
    assert [subject.intent for subject in found.subjects] == [f"intent_{number}" for number in range(14, 4, -1)]
    assert found.calls == 15


@pytest.mark.parametrize("written", ["010-1234-5678", "01012345678", "+82 10 1234 5678", "+82(0)10-1234-5678"])
def test_one_number_is_one_caller_however_it_is_written(tmp_path: Path, written: str) -> None:
    kept = profiles(tmp_path)
    kept.remember(NUMBER, about("refund"))
    assert kept.find(written) is not None


@pytest.mark.parametrize(
    "number", ["", "anonymous", "Anonymous", "unknown", "+266696687", "+7378742833", "client:kim", "sip:a@b.example"]
)
def test_withheld_numbers_are_never_stored(tmp_path: Path, number: str) -> None:
    kept = profiles(tmp_path)
    assert not kept.remember(number, about("refund"))
    assert kept.find(number) is None
    assert kept.forget(number)
    assert not (tmp_path / "profiles.db").exists()


def test_the_number_is_nowhere_in_the_files(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    kept.remember(NUMBER, about("refund"))
    stored = bytes_of(tmp_path)
    assert b"12345678" not in stored
    assert b"refund" in stored


def test_another_key_knows_nobody(tmp_path: Path) -> None:
    profiles(tmp_path).remember(NUMBER, about("refund"))
    assert Profiles(tmp_path, "x" * 32, today=lambda: DAY).find(NUMBER) is None


def test_without_a_configured_key_one_is_made_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    Profiles(folder, today=lambda: DAY).remember(NUMBER, about("refund"))
    assert (folder / "profiles.key").stat().st_mode & 0o777 == 0o600
    assert (folder / "profiles.db").stat().st_mode & 0o777 == 0o600
    assert Profiles(folder, today=lambda: DAY).find(NUMBER) is not None
    assert {path.name for path in folder.iterdir()} <= {"profiles.db", "profiles.key"}


def test_a_weak_key_and_an_unusable_key_file_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ProfilesError, match="has 6 characters; write at least 32"):
        Profiles(tmp_path, "secret")
    (tmp_path / "profiles.key").write_text("")
    with pytest.raises(KeyFileError, match=r"profiles\.key: no key of at least 32"):
        Profiles(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="can't be read or made"):
        Profiles(tmp_path / "file" / "var")


def test_what_is_forgotten_is_gone_from_the_files(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    for number in range(20):
        kept.remember(f"+8210{number:08}", about(f"someone_{number}"))
    for number in range(12):
        kept.remember(NUMBER, about(f"unforgettable_{number}" * 20))
        kept.remember(OTHER, about(f"someone_else_{number}"))
    assert b"unforgettable" in bytes_of(tmp_path)
    assert kept.forget(NUMBER)
    assert b"unforgettable" not in bytes_of(tmp_path)
    assert kept.find(NUMBER) is None
    assert kept.find(OTHER) is not None


def test_forgetting_reaches_what_another_connection_wrote_and_keeps_open(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    kept.remember(NUMBER, about("unforgettable"))
    database = sqlite3.connect(tmp_path / "profiles.db")
    database.execute("SELECT count(*) FROM profiles").fetchone()
    kept.remember(NUMBER, about("unforgettable"))
    assert b"unforgettable" in (tmp_path / "profiles.db-wal").read_bytes()
    assert kept.forget(NUMBER)
    assert b"unforgettable" not in bytes_of(tmp_path)
    database.close()


def test_forgetting_says_so_where_a_reader_holds_the_old_content(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    kept.remember(NUMBER, about("unforgettable"))
    database = sqlite3.connect(tmp_path / "profiles.db", isolation_level=None)
    database.execute("BEGIN")
    database.execute("SELECT count(*) FROM profiles").fetchone()
    assert not kept.forget(NUMBER)
    assert kept.find(NUMBER) is None
    database.execute("COMMIT")
    assert kept.forget(NUMBER)
    assert b"unforgettable" not in bytes_of(tmp_path)
    database.close()


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans()), max_size=6))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_any_order_the_forgotten_are_gone_and_the_others_known(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("profiles")
    kept = profiles(folder)
    numbers = {"a": "+821011112222", "b": "+821033334444", "c": "+12025550123"}
    calls = dict.fromkeys(numbers, 0)
    for who, forgets in steps:
        if forgets:
            assert kept.forget(numbers[who])
            calls[who] = 0
            assert f"about_{who}".encode() not in bytes_of(folder)
        else:
            kept.remember(numbers[who], about(f"about_{who}"))
            calls[who] += 1
        for name, number in numbers.items():
            found = kept.find(number)
            assert (found.calls if found else 0) == calls[name]


def test_who_does_not_call_for_long_is_forgotten(tmp_path: Path) -> None:
    profiles(tmp_path, keep_days=30).remember(NUMBER, about("unforgettable"))
    last = profiles(tmp_path, DAY + timedelta(days=30), keep_days=30)
    assert last.find(NUMBER) is not None
    later = profiles(tmp_path, DAY + timedelta(days=31), keep_days=30)
    assert later.find(NUMBER) is None
    assert later.expire() == 1
    assert later.expire() == 0
    assert b"unforgettable" not in bytes_of(tmp_path)


def test_old_subjects_of_a_faithful_caller_go(tmp_path: Path) -> None:
    kept = profiles(tmp_path, DAY, keep_days=30)
    kept.remember(NUMBER, about("old", DAY - timedelta(days=29)))
    kept.remember(NUMBER, about("new", DAY + timedelta(days=20)))
    found = kept.find(NUMBER)
    assert found is not None
    assert [subject.intent for subject in found.subjects] == ["new"]


def test_others_past_their_time_go_when_someone_is_remembered(tmp_path: Path) -> None:
    profiles(tmp_path, keep_days=30).remember(NUMBER, about("unforgettable"))
    later = DAY + timedelta(days=60)
    profiles(tmp_path, later, keep_days=30).remember(OTHER, about("new", later))
    assert b"unforgettable" not in bytes_of(tmp_path)


@pytest.mark.parametrize("content", [b"not a database at all, but text" * 300, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_damaged_file_is_moved_aside_with_one_log_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "profiles.db").write_bytes(content)
    kept = profiles(tmp_path)
    with capture_logs() as logs:
        assert kept.find(NUMBER) is None
        assert kept.remember(NUMBER, about("refund"))
        assert kept.find(NUMBER) is not None
    assert [entry["event"] for entry in logs] == [
        "the profiles were damaged and are begun anew; callers are unknown again"
    ]
    assert (tmp_path / "profiles.db.damaged").read_bytes() == content
    assert kept.forget(NUMBER)
    assert not (tmp_path / "profiles.db.damaged").exists()


def test_a_database_damaged_in_its_middle_is_moved_aside(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    for number in range(15):
        kept.remember(f"+8210{number:08}", about("something_long" * 10))
    path = tmp_path / "profiles.db"
    sound = path.read_bytes()
    path.write_bytes(sound[:4096] + b"\xa5" * (len(sound) - 4096))
    assert kept.remember(NUMBER, about("refund"))
    assert kept.find(NUMBER) is not None
    assert (tmp_path / "profiles.db.damaged").exists()


def test_a_row_that_can_not_be_read_is_no_profile_and_is_replaced(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    kept.remember(NUMBER, about("refund"))
    database = sqlite3.connect(tmp_path / "profiles.db")
    for rubbish in ("{", "[]", "null", '{"subjects": [1]}', "5"):
        database.execute("UPDATE profiles SET data = ?", (rubbish,))
        database.commit()
        assert kept.find(NUMBER) is None
    database.close()
    assert kept.remember(NUMBER, about("refund"))
    assert kept.find(NUMBER) is not None


def test_a_locked_database_costs_the_profile_and_one_log_line(tmp_path: Path) -> None:
    kept = profiles(tmp_path)
    kept.remember(NUMBER, about("refund"))
    other = sqlite3.connect(tmp_path / "profiles.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with capture_logs() as logs:
        assert not kept.remember(NUMBER, about("refund"))
        assert not kept.forget(NUMBER)
    assert len(logs) == 1
    assert NUMBER[1:] not in json.dumps(logs)
    other.execute("ROLLBACK")
    other.close()
    found = kept.find(NUMBER)
    assert found is not None
    assert found.calls == 1


def test_a_file_that_can_not_be_opened_costs_one_log_line(tmp_path: Path) -> None:
    (tmp_path / "profiles.db").mkdir()
    kept = profiles(tmp_path)
    with capture_logs() as logs:
        for _ in range(3):
            assert kept.find(NUMBER) is None
            assert not kept.remember(NUMBER, about("refund"))
            assert not kept.forget(NUMBER)
            assert kept.expire() == 0
    assert [entry["event"] for entry in logs] == ["profiles can't be used"]


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "profiles.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    before = (tmp_path / "profiles.db").read_bytes()
    with capture_logs() as logs:
        assert profiles(tmp_path).find(NUMBER) is None
    assert len(logs) == 1
    assert (tmp_path / "profiles.db").read_bytes() == before


def _remember_often(folder: Path, times: int, damaged: bool) -> None:
    kept = Profiles(folder, today=lambda: DAY)
    for _ in range(times):
        while not kept.remember(NUMBER, about("refund")):
            pass


@pytest.mark.parametrize("damaged", [False, True])
def test_two_processes_share_one_key_and_one_database(tmp_path: Path, damaged: bool) -> None:
    if damaged:
        (tmp_path / "profiles.db").write_bytes(b"rubbish" * 1000)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_remember_often, args=(tmp_path, 20, damaged)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    found = Profiles(tmp_path, today=lambda: DAY).find(NUMBER)
    assert found is not None
    assert found.calls == 40
