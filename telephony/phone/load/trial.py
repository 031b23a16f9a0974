"""A load test from beginning to end: an unloaded run to compare with, then one stage after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from telephony.phone.load.figures import Figures, answers, figures
from telephony.phone.load.script import Cast
from telephony.phone.load.service import UnderLoad
from telephony.phone.load.sounds import voice
from telephony.phone.load.stage import Exchange, Plan, Stage, Told
from telephony.phone.network import Network
from telephony.phone.settings import CallSettings
from telephony.phone.transport import Route
from telephony.phone.turn_log import ServiceTurnLog

_VOICES = 12
"""Callers who differ in loudness and line."""
_REFERENCE_AT_ONCE = 6
_REFERENCE_S = 120.0
"""Within which an unloaded call comes to its end."""


@dataclass(frozen=True)
class Result:
    """Of a load test."""

    reference: Figures | None
    """The unloaded run; None without one."""
    stages: tuple[Figures, ...]


async def trial(
    service: UnderLoad,
    cast: Cast,
    plans: Sequence[Plan],
    *,
    account_sid: str,
    seed: int = 0,
    reference: bool = True,
    told: Told = lambda _stage, _running: None,
    begins: Callable[[str], None] = lambda _what: None,
) -> Result:
    """Hold all plans, one after the other. `told` hears of the stage under way, `begins` of each that begins.

    `reference`: first hold every errand with every voice that it will be held with, a few at once: what is decided then
    is what must be decided under load.
    """
    route = Route(service.public, service.actual)
    network = Network(route)
    voices = [voice(number, cast.recordings) for number in range(_VOICES)]
    exchange = Exchange(
        transport=network,
        settings=CallSettings(
            voice_url=service.public + "/twilio/voice",
            status_url=service.public + "/twilio/status",
            account_sid=account_sid,
            auth_token=service.token,
        ),
        route=route,
        turn_log=ServiceTurnLog(network, service.actual),
        watched=service.watched,
        cast=cast,
        voices=voices,
        told=told,
    )
    try:
        unloaded: Stage | None = None
        if reference:
            begins("the unloaded run")
            calls = _rounds(len(cast.scripts)) * len(cast.scripts)
            share = plans[0].share if plans else Plan(1, 1).share
            plan = Plan(min(_REFERENCE_AT_ONCE, calls), _REFERENCE_S * calls, rate=1.0, total=calls, share=share)
            unloaded = await exchange.hold(plan, seed=seed)
        expected = answers(unloaded) if unloaded is not None else {}
        stages = []
        for number, plan in enumerate(plans, 1):
            begins(f"{plan.calls} calls")
            stages.append(figures(await exchange.hold(replace(plan), seed=seed + number), expected))
        return Result(figures(unloaded, {}) if unloaded is not None else None, tuple(stages))
    finally:
        await network.aclose()


def _rounds(scripts: int) -> int:
    """Errands and voices go round side by side: after so many rounds of errands each pair was there."""
    for rounds in range(1, _VOICES + 1):
        if scripts * rounds % _VOICES == 0:
            return rounds
    return _VOICES
