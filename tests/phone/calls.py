"""Whole calls in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from telephony.phone import virtual_time
from telephony.phone.phone import Call
from telephony.phone.settings import CallSettings
from telephony.phone.transport import InProcess
from tests.phone.service import HANG_UP, STREAM, Service, Talk

Acting = Callable[[Call], Awaitable[None]]


async def _nothing(call: Call) -> None:
    pass


def place(service: Service, acting: Acting = _nothing, **settings: object) -> Call:
    """A whole call in virtual time."""

    async def run() -> Call:
        async with InProcess(service) as transport:
            defaults = {
                "voice_url": "https://bot.example.com/twilio/voice",
                "status_url": "https://bot.example.com/twilio/status",
                "seed": 1,
            }
            call = Call(transport, CallSettings(**{**defaults, **settings}))  # type: ignore[arg-type]
            task = asyncio.create_task(call.run())
            if await call.answered():
                await acting(call)
            await task
            return call

    return virtual_time.run(run(), limit_s=600)


def streaming(talk: Talk) -> Service:
    return Service({"/twilio/voice": STREAM, "/twilio/after-stream": HANG_UP}, talk)
