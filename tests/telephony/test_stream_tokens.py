"""One-time tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.stream_tokens import StreamTokens
from voicebot.store.live import MemoryStore


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_is_good_once() -> None:
    tokens = StreamTokens(b"k")
    token = tokens.issue("CA1", 2)
    assert tokens.redeem(token, "CA1") == 2
    assert tokens.redeem(token, "CA1") == 0


def test_a_token_is_good_for_its_own_call_only() -> None:
    tokens = StreamTokens(b"k")
    token = tokens.issue("CA1", 1)
    assert tokens.redeem(token, "CA2") == 0
    assert tokens.redeem(token, "CA1") == 1


def test_asking_again_brings_the_same_token_and_opens_no_second_stream() -> None:
    clock = Clock()
    tokens = StreamTokens(b"k", MemoryStore(clock=clock), clock=clock)
    token = tokens.issue("CA1", 1)
    clock.now += 5.7
    assert tokens.issue("CA1", 1) == token
    assert tokens.redeem(token, "CA1") == 1
    clock.now += 60
    again = tokens.issue("CA1", 1)
    assert again != token
    assert tokens.redeem(again, "CA1") == 0
    assert tokens.redeem(tokens.issue("CA1", 2), "CA1") == 2


def test_a_token_becomes_too_old() -> None:
    clock = Clock()
    tokens = StreamTokens(b"k", MemoryStore(clock=clock), lifetime_s=20, clock=clock)
    token = tokens.issue("CA1", 1)
    clock.now += 21.0
    assert tokens.redeem(token, "CA1") == 0


def test_another_worker_with_the_same_key_and_store_takes_the_token_once() -> None:
    store = MemoryStore()
    one, other = StreamTokens(b"k", store), StreamTokens(b"k", store)
    token = one.issue("CA1", 1)
    assert other.redeem(token, "CA1") == 1
    assert one.redeem(token, "CA1") == 0
    assert StreamTokens(b"another key", store).redeem(one.issue("CA2", 1), "CA2") == 0


@pytest.mark.parametrize("token", ["", "가", "1", "1.2.3", "1.9999999999." + "A" * 43, "0" * 500, "\ud800"])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert StreamTokens(b"k").redeem(token, "CA1") == 0


@given(st.data())
def test_a_changed_token_is_refused(data: st.DataObject) -> None:
    tokens = StreamTokens(b"k")
    token = tokens.issue("CA1", 1)
    at = data.draw(st.integers(0, len(token) - 1))
    changed = token[:at] + data.draw(st.characters(codec="utf-8")) + token[at + 1 :]
    if changed != token:
        assert tokens.redeem(changed, "CA1") == 0
