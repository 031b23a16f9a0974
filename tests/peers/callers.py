"""How callers behave: what they say and do, and what they insist on hearing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from peers.line_sound import clip
from peers.media_line import LineClosedError, MediaLine

_CLIPS = Path(__file__).parents[2] / "prompts" / "shop" / "demo"
ASKS_FOR_PARCEL = clip(_CLIPS / "hn1_m120_00.wav")
"""배송 언제 도착하나요"""
ASKS_FOR_PERSON = clip(_CLIPS / "hn1_m120_02.wav")
"""상담원 연결해 주세요"""

_SHORT_QUESTION_S = 3.0
"""Asking "... 말씀이신가요?" takes less, asking for the order number more: so callers tell them apart."""


async def order_then_person(line: MediaLine) -> None:
    """The demonstration: when the parcel comes, the order number by keys, then a person."""
    await line.bot_turn("greets")
    await asks_for_parcel(line)
    await gives_order_number(line)
    await asks_for_person(line)


async def asks_for_parcel(line: MediaLine) -> None:
    """Until the order number is asked for."""
    await line.say(ASKS_FOR_PARCEL)
    if await line.bot_turn("asks for the order number, or whether it understood") < _SHORT_QUESTION_S:
        await line.press("1")
        await line.bot_turn("asks for the order number")


async def gives_order_number(line: MediaLine) -> None:
    """By keys, and hears what became of the parcel."""
    await line.press("12345678")
    await line.bot_turn("tells when the parcel comes")


async def asks_for_person(line: MediaLine) -> None:
    """Until the stream is closed for the person's sake."""
    await line.say(ASKS_FOR_PERSON)
    try:
        await line.bot_turn("hands over, or asks whether it understood")
        await asyncio.sleep(1.0)
        await line.press("1")
    except LineClosedError:
        pass
    await line.closed_by_server(20, "the caller asked for a person")
