"""Work beside the calls goes on whatever happens, and tells each trouble once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from structlog.testing import capture_logs

from voicebot.errors import VoicebotError
from voicebot.repeated import Repeated


def worked(*results: Exception | None) -> list[str]:
    """The reasons that were told while the work ended so, one time after the other."""
    left: Iterator[Exception | None] = iter(results)
    over = threading.Event()

    def work() -> None:
        try:
            result = next(left)
        except StopIteration:
            over.set()
            return
        if result is not None:
            raise result

    repeated = Repeated("tested", work, 0.001, trouble="it did not work", ends_s=10)
    with capture_logs() as lines:
        repeated.start()
        assert over.wait(10)
        repeated.close()
    return [line["reason"] for line in lines if line["event"] == "it did not work"]


def test_a_trouble_is_told_once_and_again_after_it_was_over() -> None:
    away = VoicebotError("the database is away.")
    assert worked(away, away, None, away) == ["the database is away."] * 2


def test_another_trouble_is_told_too() -> None:
    told = worked(VoicebotError("first."), ValueError("a caller's words"), VoicebotError("first."))
    assert (told[0], told[2]) == ("first.", "first.")
    assert told[1].startswith("ValueError in ")
    assert "words" not in told[1]


def test_what_never_began_is_closed_at_once() -> None:
    Repeated("tested", lambda: None, 60, trouble="").close()
