"""Parts of a call without sound: the keypad, the bridging of silences."""

from __future__ import annotations

import pytest

from voicebot.audio.turn_taking import TurnKnobs
from voicebot.call.bridging import Bridging
from voicebot.call.keypad import Keypad

KNOBS = TurnKnobs()


def press(keypad: Keypad, keys: str, longest: int, from_ms: int = 0) -> list[str]:
    return [entry for n, key in enumerate(keys) if (entry := keypad.press(key, from_ms + n * 200, longest))]


@pytest.mark.parametrize(
    ("keys", "longest", "entries"),
    [
        ("5", 1, ["5"]),
        ("1234", 4, ["1234"]),
        ("1234#", 4, ["1234"]),
        ("1234##", 4, ["1234", "#"]),
        ("12#", 8, ["12"]),
        ("#", 8, ["#"]),
        ("*", 8, ["*"]),
        ("12*", 8, ["#"]),
        ("12*12345678", 8, ["#", "12345678"]),
        ("A1", 1, ["1"]),
        ("12345678", 4, ["1234", "5678"]),
    ],
)
def test_keys_become_entries(keys: str, longest: int, entries: list[str]) -> None:
    assert press(Keypad(3000), keys, longest) == entries


def test_an_entry_is_complete_when_no_key_follows() -> None:
    keypad = Keypad(3000)
    press(keypad, "12", 8)
    assert keypad.pending
    assert keypad.tick(3100) == ""
    assert keypad.tick(3200) == "12"
    assert not keypad.pending


def test_a_hash_long_after_a_complete_entry_is_one_of_its_own() -> None:
    keypad = Keypad(3000)
    press(keypad, "1234", 4)
    assert keypad.press("#", 10_000, 4) == "#"


def test_the_second_listeners_time_is_filled_only_where_it_takes_long() -> None:
    bridging = Bridging(KNOBS)
    bridging.doubts(1000)
    assert bridging.due(1000 + KNOBS.filler_after_ms - 20, silent=True) == ""
    assert bridging.heard() is False
    bridging.doubts(5000)
    assert bridging.due(5000 + KNOBS.filler_after_ms, silent=True) == "filler"
    assert bridging.due(5020 + KNOBS.filler_after_ms, silent=True) == ""
    assert bridging.heard() is True
    assert bridging.heard() is False


def test_a_slow_back_end_is_told_of_again_and_again_and_then_given_up() -> None:
    bridging = Bridging(KNOBS)
    bridging.asks(0)
    said = [(ms, reply, bridging.number) for ms in range(0, 11_000, 20) if (reply := bridging.due(ms, silent=True))]
    assert [number for _, reply, number in said if reply == "backend_slow"] == [0, 1, 2, 3]
    assert said[0][0] == KNOBS.slow_backend_ms
    assert said[1][0] - said[0][0] == KNOBS.slow_again_ms
    assert next(ms for ms, reply, _ in said if reply == "too_late") == KNOBS.longest_wait_ms
    bridging.answered()
    assert bridging.due(30_000, silent=True) == ""


def test_nothing_is_bridged_while_somebody_speaks() -> None:
    bridging = Bridging(KNOBS)
    bridging.asks(0)
    assert not any(bridging.due(ms, silent=False) for ms in range(0, 5000, 20))
    said = [ms for ms in range(5000, 7000, 20) if bridging.due(ms, silent=True)]
    assert said[0] == 5000 + KNOBS.slow_backend_ms
