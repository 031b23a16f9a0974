"""Who may call: signatures on both doors, one-time tokens, streams that do not begin as they should."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from peers.independent_phone import IndependentPhone, new_sid, refusal, start_body, webhook_parameters
from peers.line_sound import FRAME_BYTES, SILENCE
from peers.service_process import PUBLIC_URL, TOKEN
from peers.signing import signature
from peers.twiml_reader import read

pytestmark = pytest.mark.model

CONNECTED = json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})


def test_the_signing_agrees_with_the_published_vectors() -> None:
    parameters = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, parameters.items()) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    repeated = [("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234"), ("Sid", "CA123"), ("SidAccount", "AC123")]
    assert signature("12345", url, repeated) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize("path", ["/twilio/voice", "/twilio/after-stream", "/twilio/status"])
def test_a_webhook_that_twilio_did_not_sign_is_forbidden(phone: IndependentPhone, path: str) -> None:
    url = PUBLIC_URL + path
    parameters = webhook_parameters(new_sid("CA"))
    signed = parameters.items()
    tampered = [(name, value.strip()) for name, value in signed]
    wrong: list[Mapping[str, str]] = [
        {},
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        {"X-Twilio-Signature": signature("another token", url, signed)},
        {"X-Twilio-Signature": signature(TOKEN, url)},
        {"X-Twilio-Signature": signature(TOKEN, url, tampered)},
        {"X-Twilio-Signature": signature(TOKEN, url.replace("https://", "http://"), signed)},
        {"X-Twilio-Signature": signature(TOKEN, url + "x", signed)},
    ]

    async def statuses() -> list[int]:
        return [(await phone.post(url, parameters, headers))[0] for headers in wrong]

    found = asyncio.run(statuses())
    # Whoever sends many without any signature is told to slow down instead.
    assert set(found[:2]) <= {403, 429}
    assert found[2:] == [403] * len(wrong[2:])


def test_a_signature_covers_the_query_string(phone: IndependentPhone) -> None:
    url = phone.voice_url + "?foo=1&bar=%ED%95%9C%20x"
    assert asyncio.run(_verbs(phone, url))[0].tag == "Connect"


def test_an_upgrade_is_signed_for_the_wss_url(phone: IndependentPhone) -> None:
    async def statuses() -> list[int]:
        url = (await _invited(phone))[1]
        plain, secure = url.replace("wss://", "http://"), url.replace("wss://", "https://")
        return [
            await _status(phone, url, {}),
            await _status(phone, url, {"X-Twilio-Signature": ""}),
            await _status(phone, url, {"X-Twilio-Signature": signature("another token", url)}),
            await _status(phone, url, {"X-Twilio-Signature": signature(TOKEN, plain)}),
            await _status(phone, url, {"X-Twilio-Signature": signature(TOKEN, secure)}),
            await _status(phone, url, {"X-Twilio-Signature": signature(TOKEN, url)}),
        ]

    assert asyncio.run(statuses()) == [403] * 5 + [101]


def test_an_upgrade_may_be_signed_with_a_trailing_slash(phone: IndependentPhone) -> None:
    async def talks() -> list[bool]:
        found = []
        for slash in ("", "/"):
            call_sid, url, parameters = await _invited(phone)
            socket = await phone.open_stream(url + slash, signed_url=url + "/")
            found.append(await _bot_talks(socket, [CONNECTED, _start(call_sid, parameters)]))
        return found

    assert asyncio.run(talks()) == [True, True]


def test_a_token_opens_one_stream(phone: IndependentPhone) -> None:
    async def talks() -> tuple[bool, bool, bool]:
        call_sid, url, parameters = await _invited(phone)
        first, second = await phone.open_stream(url), await phone.open_stream(url)
        start = [CONNECTED, _start(call_sid, parameters)]
        together = await asyncio.gather(_bot_talks(first, start), _bot_talks(second, start))
        later = await _bot_talks(await phone.open_stream(url), start)
        return together[0], together[1], later

    first, second, later = asyncio.run(talks())
    assert first != second
    assert not later


@pytest.mark.parametrize("what", ["another call", "no token", "another call's token", "a token of another kind"])
def test_a_start_without_its_own_token_is_refused(phone: IndependentPhone, what: str) -> None:
    async def talks() -> bool:
        call_sid, url, parameters = await _invited(phone)
        others = (await _invited(phone))[2]
        starts = {
            "another call": _start(new_sid("CA"), parameters),
            "no token": _start(call_sid, {}),
            "another call's token": _start(call_sid, others),
            "a token of another kind": _start(call_sid, dict.fromkeys(parameters, 5)),
        }
        return await _bot_talks(await phone.open_stream(url), [CONNECTED, starts[what]])

    assert not asyncio.run(talks())


def test_a_stream_that_never_starts_is_closed(phone: IndependentPhone) -> None:
    async def talk() -> list[bool]:
        frame = base64.b64encode(SILENCE * FRAME_BYTES).decode()
        media = {"track": "inbound", "chunk": "1", "timestamp": "99", "payload": frame}
        early = json.dumps({"event": "media", "sequenceNumber": "1", "media": media, "streamSid": new_sid("MZ")})
        url = (await _invited(phone))[1]
        sockets = [await phone.open_stream(url) for _ in range(3)]
        beginnings = [[], [CONNECTED], [CONNECTED] + [early] * 10]
        return await asyncio.gather(*map(_bot_talks, sockets, beginnings))

    assert asyncio.run(talk()) == [False, False, False]


def test_sound_that_it_can_not_decode_is_refused(phone: IndependentPhone) -> None:
    async def talks() -> bool:
        call_sid, url, parameters = await _invited(phone)
        start = json.loads(_start(call_sid, parameters))
        start["start"]["mediaFormat"] = {"encoding": "audio/l16", "sampleRate": 16000, "channels": 1}
        return await _bot_talks(await phone.open_stream(url), [CONNECTED, json.dumps(start)])

    assert not asyncio.run(talks())


def test_a_call_whose_stream_never_came_is_held_by_keys(phone: IndependentPhone) -> None:
    """The handshake failed (31920) each time: the verbs behind <Connect> take the caller on."""

    async def verbs() -> list[str]:
        call_sid = new_sid("CA")
        found: list[str] = []
        document = await _verbs(phone, phone.voice_url, call_sid)
        for _ in range(5):
            found += [verb.tag for verb in document]
            following = next((verb for verb in document if verb.tag == "Redirect"), None)
            if following is None:
                break
            document = await _verbs(phone, PUBLIC_URL + str(following.text), call_sid)
        await phone.post(PUBLIC_URL + "/twilio/status", webhook_parameters(call_sid, "completed"))
        return found

    assert asyncio.run(verbs())[-1] == "Gather"


@pytest.mark.parametrize("result", ["bridged", "hangup", "queue-full", "error", "system-error", "something new"])
def test_whatever_comes_of_the_queue_gets_an_answer(phone: IndependentPhone, result: str) -> None:
    """And the call ends, or is offered something else where nobody came."""

    async def verbs() -> list[str]:
        parameters = webhook_parameters(new_sid("CA"), "in-progress") | {"QueueResult": result, "QueueTime": "5"}
        return [verb.tag for verb in read(*await phone.post(PUBLIC_URL + "/twilio/after-queue", parameters))]

    expected = ["Hangup"] if result in ("bridged", "hangup") else ["Gather", "Redirect"]
    assert asyncio.run(verbs()) == expected


async def _verbs(phone: IndependentPhone, url: str, call_sid: str = "") -> list[Any]:
    return read(*await phone.post(url, webhook_parameters(call_sid or new_sid("CA"))))


async def _invited(phone: IndependentPhone) -> tuple[str, str, dict[str, str]]:
    """A webhook was answered: the CallSid, the stream's URL and its parameters."""
    call_sid = new_sid("CA")
    stream = (await _verbs(phone, phone.voice_url, call_sid))[0].find("Stream")
    return call_sid, stream.get("url"), {p.get("name"): p.get("value") for p in stream}


async def _status(phone: IndependentPhone, url: str, headers: Mapping[str, str]) -> int:
    try:
        await (await phone.open_stream(url, headers=headers)).close()
    except InvalidHandshake as error:
        return refusal(error)
    return 101


def _start(call_sid: str, parameters: Mapping[str, Any]) -> str:
    stream_sid = new_sid("MZ")
    start = start_body(stream_sid, call_sid, parameters)
    return json.dumps({"event": "start", "sequenceNumber": "1", "start": start, "streamSid": stream_sid})


async def _bot_talks(socket: ClientConnection, beginning: list[str]) -> bool:
    """Whether sound comes after this beginning, or else the server closes the stream."""
    try:
        for message in beginning:
            await socket.send(message)
        async with asyncio.timeout(20):
            async for message in socket:
                if json.loads(message)["event"] == "media":
                    return True
    except ConnectionClosed:
        pass
    finally:
        await socket.close()
    return False
