"""Callers who are given to people: a whole call in virtual time, phone, webhooks, stream and office in one loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from telephony.phone import virtual_time
from telephony.phone.phone import Call
from telephony.phone.settings import CallSettings
from telephony.phone.transport import InProcess
from telephony.server import create_app
from tests.telephony.twilio_side import PUBLIC, TOKEN, Bot, Conversation
from voicebot.channel import Outcome
from voicebot.config import Configuration
from voicebot.hours import Hours, OpeningHours
from voicebot.office import Office, local_office
from voicebot.store.hand_overs import HandOverContext

SEOUL = ZoneInfo("Asia/Seoul")
MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=SEOUL)
SUNDAY_NOON = datetime(2026, 11, 22, 12, tzinfo=SEOUL)
WORKING_DAYS = Hours(open={"mon-fri": "09:00-18:00"})
AGENT, SECOND_AGENT = "+82215880001", "+82215880002"

Acting = Callable[[Call], Awaitable[None]]

CONTEXT = HandOverContext(
    call_id="",
    at="2026-11-23T03:00:00+00:00",
    reason="asked",
    queue="returns",
    language="ko",
    number="+821012345678",
    priority=3,
    intents=("return_item",),
    summaries={"ko": "반품 신청, 주문 번호 1234 5678", "en": "Return an item, order 1234 5678"},
    feeling={"name": "angry"},
)


def office_at(now: datetime = MONDAY_NOON, hours: Hours | None = None) -> Office:
    """An office at that moment; it is called Gaon Mall."""
    return local_office(
        hours=OpeningHours(hours), name=lambda language: {"ko": "가온몰"}.get(language, "Gaon Mall"), now=lambda: now
    )


async def nothing(call: Call) -> None:
    """The caller only listens."""


def pressing(*keys: str, before: str = "gather") -> Acting:
    """The caller presses these, each when the call has come to another menu."""

    async def press(call: Call) -> None:
        for key in keys:
            asked = sum(event.kind == "request" for event in call.events)
            await call.line.until(lambda: call.state == before, 120)
            await call.line.until(lambda: False, 0.5)
            await call.press(key)
            await call.line.until(
                lambda asked=asked: sum(e.kind == "request" for e in call.events) > asked,  # type: ignore[misc]
                60,
            )

    return press


def hand_over(
    acting: Acting = nothing,
    *,
    office: Office | None = None,
    outcome: Outcome | None = None,
    context: HandOverContext | None = CONTEXT,
    phone: dict[str, Any] | None = None,
    moving: Any = None,
    **settings: Any,
) -> Call:
    """A call whose bot hands it over at once. `phone`: the phone's settings; others are the service's."""
    office = office or office_at()
    ends = outcome or Outcome("hand_over", "asked", "support", language="ko")

    async def talk(conversation: Conversation) -> Outcome:
        if context is not None:
            office.hand_overs.put(replace(context, call_id=conversation.caller.call_id))
        return ends

    configuration = Configuration(twilio_auth_token=TOKEN, public_url=PUBLIC, **settings)
    app = create_app(configuration, Bot(talk), office=office, moving=moving)

    async def run() -> Call:
        async with InProcess(app) as transport:
            call = Call(
                transport,
                CallSettings(
                    voice_url=PUBLIC + "/twilio/voice",
                    status_url=PUBLIC + "/twilio/status",
                    auth_token=TOKEN,
                    seed=1,
                    **(phone or {}),
                ),
            )
            task = asyncio.create_task(call.run())
            if await call.answered():
                await acting(call)
            await task
            return call

    call = virtual_time.run(run(), limit_s=3600)
    assert not call.failure, call.failure
    return call


def heard(call: Call) -> str:
    """All that Twilio said to the caller."""
    return " ".join(event.detail for event in call.events if event.kind == "say")


def whispered(call: Call) -> str:
    """All that Twilio said to agents."""
    return " ".join(event.detail for event in call.events if event.kind == "whisper")


def paths(call: Call) -> list[str]:
    """The webhooks that were asked, without what follows /twilio/."""
    return [event.detail.partition("/twilio/")[2].partition("?")[0] for event in call.events if event.kind == "request"]


def voice(seconds: float = 2.0) -> Any:
    """Something that a caller says."""
    time = np.arange(int(seconds * 8000)) / 8000
    return (8000 * np.sin(2 * np.pi * 300 * time)).astype(np.int16)
