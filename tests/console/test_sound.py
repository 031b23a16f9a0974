"""A recorded call is heard in its page, by those who may, and the trail tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from support.history import FULL, a_call

from tests.console.conftest import LogIn
from voicebot.store.call_recordings import CallRecordings
from voicebot.store.history.database import Database
from voicebot.store.history.reading import History
from voicebot.store.history.rows import Rows
from voicebot.store.sealing import Sealer


@pytest.fixture
def recordings(tmp_path: Path, database: Database) -> CallRecordings:
    Rows(database).write([FULL(record) for call in ("CA1", "CA2") for record in a_call(call)])
    recordings = CallRecordings(tmp_path / "recordings")
    part = recordings.begin("CA1", 1500)
    part.write(np.full(16000, 9000, np.int16).tobytes(), bytes(32000))
    part.close()
    return recordings


def test_the_page_has_a_player_where_there_is_sound(flask: Flask, recordings: CallRecordings, log_in: LogIn) -> None:
    client = log_in("analyst")
    page = client.get("/console/calls/CA1").text
    assert "/console/calls/CA1/sound" in page
    assert "sound.js" in page
    assert "data-sound" not in client.get("/console/calls/CA2").text
    assert client.get("/console/calls/CA2/sound").status_code == 404


def test_the_sound_comes_in_parts_and_with_peaks(
    flask: Flask, recordings: CallRecordings, log_in: LogIn, database: Database
) -> None:
    client = log_in("analyst")
    whole = client.get("/console/calls/CA1/sound")
    assert (whole.status_code, whole.mimetype, whole.headers["Accept-Ranges"]) == (200, "audio/wav", "bytes")
    part = client.get("/console/calls/CA1/sound", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, whole.data[100:200])
    assert client.get("/console/calls/CA1/sound", headers={"Range": "bytes=99999999-"}).status_code == 416
    peaks = client.get("/console/calls/CA1/sound/peaks").json
    assert peaks is not None
    assert (peaks["begin_ms"], peaks["duration_ms"]) == (1500, 2000)
    assert min(peaks["caller"]) > 0.2
    assert max(peaks["bot"]) == 0
    trail = [entry.action for entry in History(database).audit_trail(call_id="CA1").items]
    assert trail.count("listen to call") == 1


def test_who_may_not_see_calls_hears_none(flask: Flask, recordings: CallRecordings) -> None:
    assert flask.test_client().get("/console/calls/CA1/sound").status_code in (302, 401, 403)


def test_sound_without_its_key_is_told(flask: Flask, database: Database, tmp_path: Path, log_in: LogIn) -> None:
    CallRecordings(tmp_path / "recordings", Sealer("k" * 32)).begin("CA1", 0).close()
    assert log_in("analyst").get("/console/calls/CA1/sound/peaks").status_code == 503
