"""One-time tokens."""

from __future__ import annotations

from telephony.stream_tokens import LocalStreamTokens


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def issued(tokens: LocalStreamTokens, call_sid: str, stream: int = 1) -> str:
    token = tokens.issue(call_sid, stream)
    assert token
    return token


def test_a_token_is_good_once() -> None:
    tokens = LocalStreamTokens()
    token = issued(tokens, "CA1", 2)
    assert tokens.waiting() == 1
    assert tokens.redeem(token, "CA1") == 2
    assert tokens.redeem(token, "CA1") == 0
    assert tokens.waiting() == 0


def test_a_token_shown_for_another_call_is_used_up() -> None:
    tokens = LocalStreamTokens()
    token = issued(tokens, "CA1")
    assert tokens.redeem(token, "CA2") == 0
    assert tokens.redeem(token, "CA1") == 0


def test_asking_again_brings_the_same_token_used_or_not() -> None:
    tokens = LocalStreamTokens()
    token = issued(tokens, "CA1")
    assert issued(tokens, "CA1") == token
    tokens.redeem(token, "CA1")
    assert issued(tokens, "CA1") == token
    assert issued(tokens, "CA1", 2) != token


def test_a_token_becomes_too_old_and_makes_room() -> None:
    clock = Clock()
    tokens = LocalStreamTokens(lifetime_s=60, most=2, clock=clock)
    first = issued(tokens, "CA1")
    issued(tokens, "CA2")
    assert tokens.issue("CA3", 1) is None
    clock.now = 60.0
    assert tokens.redeem(first, "CA1") == 0
    assert tokens.waiting() == 0
    assert issued(tokens, "CA3")


def test_an_unknown_token_is_refused() -> None:
    assert LocalStreamTokens().redeem("", "CA1") == 0
    assert LocalStreamTokens().redeem("가", "CA1") == 0


def test_a_call_that_is_over_holds_no_token() -> None:
    tokens = LocalStreamTokens(most=2)
    first, second = issued(tokens, "CA1"), issued(tokens, "CA1", 2)
    tokens.redeem(first, "CA1")
    tokens.release("CA1")
    tokens.release("CA2")
    assert tokens.waiting() == 0
    assert tokens.redeem(second, "CA1") == 0
    assert issued(tokens, "CA3")
    assert issued(tokens, "CA4")
