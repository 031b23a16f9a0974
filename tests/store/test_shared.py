"""What callers left and what is remembered of them, in one database for several hosts."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import SQLAlchemyError
from structlog.testing import capture_logs
from support.postgresql import PostgreSQL

from voicebot.config import Configuration, ConfigurationError
from voicebot.sharing import check_sharing, open_callbacks, open_profiles, open_voicemails
from voicebot.store.history.database import Database, open_database
from voicebot.store.number_hash import NumberHash
from voicebot.store.profile import Facts, Preferences, Profile, Subject
from voicebot.store.profiles import Profiles
from voicebot.store.profiles_shared import SharedProfiles
from voicebot.store.voicemails import Voicemail

NOON = datetime(2026, 11, 23, 3, tzinfo=UTC)
DAY = date(2026, 11, 22)
NUMBER = "+821012345678"
KEY = "0123456789abcdef" * 4


def configured(database: Database, var: Path, **more: object) -> Configuration:
    """A host of its own, on that database."""
    url = database.engine.url.render_as_string(hide_password=False)
    return Configuration(database_url=url, profile_key=KEY, var=var, **more)  # type: ignore[arg-type]


def test_hosts_call_somebody_back_once(database: Database, tmp_path: Path) -> None:
    hosts = [open_callbacks(configured(database, tmp_path / name), database) for name in "ab"]
    for n in range(6):
        hosts[0].add(f"+82101234000{n}", "asked", "", NOON)
    claimed: list[str] = []

    def claim(host: int) -> None:
        while (one := hosts[host].claim(NOON, most=4)) is not None:
            claimed.append(one.id)

    threads = [threading.Thread(target=claim, args=(host,)) for host in (0, 1, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 4, "as many at once as allowed, each by one host"
    assert hosts[1].settle(claimed[0], 1, "human", NOON)
    assert [one.state for one in hosts[0].all()].count("reached") == 1
    assert not (tmp_path / "a" / "callbacks.db").exists()


def test_a_voicemail_is_known_to_all_hosts(database: Database, tmp_path: Path) -> None:
    here, there = (open_voicemails(configured(database, tmp_path / name), database) for name in "ab")
    message = Voicemail("RE1", "CA1", NUMBER, "ko", "2026-11-22T03:00:00+00:00", 12, "https://api.twilio.com/RE1")
    assert here.add(message)
    assert not there.add(message), "Twilio tells of each twice, perhaps another host"
    assert there.all() == [message]


def test_a_caller_is_known_on_every_host(database: Database, tmp_path: Path) -> None:
    here, there = (SharedProfiles(database, KEY, today=lambda: DAY) for _ in range(2))
    facts = Facts(DAY.isoformat(), (Subject("refund", DAY.isoformat(), True),), Preferences(language="ko"))
    assert here.find(NUMBER) is None
    assert here.remember(NUMBER, facts)
    assert there.remember("010-1234-5678", facts)
    found = here.find(NUMBER)
    assert found is not None
    assert (found.calls, found.intents) == (2, {"refund": 2})
    alone = Profiles(tmp_path, KEY, today=lambda: DAY)
    assert here.pseudonym(NUMBER) == alone.pseudonym(NUMBER) == NumberHash(KEY.encode()).pseudonym(NUMBER)
    assert SharedProfiles(database, KEY, today=lambda: date(2028, 1, 1)).find(NUMBER) is None
    assert there.forget(NUMBER)
    assert here.find(NUMBER) is None
    assert here.expire() == 0


def test_hosts_that_remember_at_once_lose_no_call(database: Database) -> None:
    facts = Facts(DAY.isoformat(), (Subject("refund", DAY.isoformat(), True),))

    def remember() -> None:
        kept = SharedProfiles(database, KEY, today=lambda: DAY)
        for _ in range(5):
            kept.remember(NUMBER, facts)

    threads = [threading.Thread(target=remember) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = SharedProfiles(database, KEY, today=lambda: DAY).find(NUMBER)
    assert isinstance(found, Profile)
    assert found.calls == 20


def test_what_callers_leave_while_the_database_is_away_is_carried_over(postgresql: PostgreSQL, tmp_path: Path) -> None:
    database = open_database(postgresql.new_database(), tmp_path)
    database.migrate()
    callbacks, voicemails = (
        opened(configured(database, tmp_path), database) for opened in (open_callbacks, open_voicemails)
    )
    message = Voicemail("RE1", "CA1", NUMBER, "ko", "2026-11-22T03:00:00+00:00", 12, "https://api.twilio.com/RE1")
    postgresql.stop()
    try:
        callbacks.add(NUMBER, "asked", "배송 문의", NOON)
        voicemails.add(message)
        with pytest.raises(SQLAlchemyError):
            callbacks.claim(NOON, most=1)
    finally:
        postgresql.start()
    claimed = callbacks.claim(NOON, most=1)
    assert claimed is not None
    assert (claimed.number, claimed.summary) == (NUMBER, "배송 문의")
    assert voicemails.all() == [message]
    assert len(callbacks.all()) == 1
    assert not list(tmp_path.glob("*aside*"))
    database.close()


def test_a_database_that_is_away_costs_the_profile_and_one_line() -> None:
    pytest.importorskip("psycopg")
    away = open_database("postgresql://bot:secret-word@127.0.0.1:1/nothing", Path())
    kept = SharedProfiles(away, KEY, today=lambda: DAY)
    with capture_logs() as logs:
        assert kept.find(NUMBER) is None
        assert not kept.remember(NUMBER, Facts(DAY.isoformat()))
        assert not kept.forget(NUMBER)
    assert len(logs) == 1
    assert "secret-word" not in str(logs)


def test_files_under_var_serve_one_host(tmp_path: Path) -> None:
    alone = Configuration(var=tmp_path)
    open_callbacks(alone).add(NUMBER, "asked", "", NOON)
    open_voicemails(alone)
    open_profiles(alone).remember(NUMBER, Facts(DAY.isoformat()))
    assert {path.name for path in tmp_path.iterdir()} >= {"callbacks.db", "voicemails.db", "profiles.db"}


def test_hosts_that_share_calls_need_the_same_keys(tmp_path: Path) -> None:
    shared = Configuration(var=tmp_path, redis_url="redis://127.0.0.1/0")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="database_url and console_key and profile_key"):
        check_sharing(shared)
    check_sharing(Configuration(var=tmp_path))
    with capture_logs() as logs:
        check_sharing(Configuration(var=tmp_path, database_url="postgresql://localhost/x"))  # type: ignore[arg-type]
    assert len(logs) == 1
