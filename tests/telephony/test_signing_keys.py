"""Tokens under rotation, shared keys, and what a caller of ours may claim in headers."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from telephony.arrival import Arrival
from telephony.signatures import SETTINGS, SIGNATURE, Signatures
from tests.telephony.twilio_side import PUBLIC, TOKEN, sign

KEY = "a shared key"
NAME = "webhooks_sharedkey_1"
FORM = {"CallSid": "CA1", "From": "+821012345678"}


def sign_sha256(url: str, parameters: dict[str, str], key: str = KEY) -> str:
    text = url + "".join(name + parameters[name] for name in sorted(parameters))
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def arrival(signature: str, settings: str | None = None, scheme: str = "https", path: str = "/twilio/voice") -> Arrival:
    headers = {"host": "10.0.0.1", SIGNATURE: signature}
    if settings is not None:
        headers[SETTINGS] = settings
    return Arrival(scheme, path, "203.0.113.9", headers)


def test_while_tokens_are_rotated_both_are_accepted() -> None:
    url = PUBLIC + "/twilio/voice"
    signatures = Signatures(TOKEN, PUBLIC, also=("the next token",))
    assert signatures.admits(arrival(sign(url, FORM)), FORM)
    assert signatures.admits(arrival(sign(url, FORM, "the next token")), FORM)
    assert not signatures.admits(arrival(sign(url, FORM, "another token")), FORM)
    assert not Signatures(TOKEN, PUBLIC, also=("",)).admits(arrival(sign(url, FORM, "")), FORM)


@pytest.mark.parametrize("ending", ["", "/"])
@pytest.mark.parametrize("token", [TOKEN, "the next token"])
def test_an_upgrade_too(ending: str, token: str) -> None:
    signatures = Signatures(TOKEN, PUBLIC, also=("the next token",))
    signature = sign("wss://bot.example.com/twilio/media" + ending, token=token)
    assert signatures.admits(arrival(signature, scheme="ws", path="/twilio/media"))


def test_a_shared_key_signs_by_sha_256() -> None:
    url = PUBLIC + "/twilio/voice"
    signatures = Signatures(TOKEN, PUBLIC, shared_keys={NAME: KEY})
    settings = f"key={NAME},algorithm=HMAC_SHA256"
    assert signatures.admits(arrival(sign_sha256(url, FORM), settings), FORM)
    assert signatures.admits(arrival(sign_sha256(url, FORM), f"key={NAME}, algorithm=hmac_sha256"), FORM)
    assert signatures.admits(arrival(sign(url, FORM)), FORM), "what comes without the header is signed by the token"
    upgrade = sign_sha256("wss://bot.example.com/twilio/media/", {})
    assert signatures.admits(arrival(upgrade, settings, "wss", "/twilio/media"))


@pytest.mark.parametrize(
    "settings",
    [
        "",
        "key=",
        f"key={NAME}",
        f"key={NAME},algorithm=HMAC_SHA1",
        f"key={NAME},algorithm=NONE",
        "key=another,algorithm=HMAC_SHA256",
        "algorithm=HMAC_SHA256",
        "," * 10_000,
        "=" * 10_000,
    ],
)
def test_the_algorithm_is_not_the_callers_choice(settings: str) -> None:
    url = PUBLIC + "/twilio/voice"
    signatures = Signatures(TOKEN, PUBLIC, shared_keys={NAME: KEY})
    for signature in (sign(url, FORM), sign(url, FORM, KEY), sign_sha256(url, FORM), sign_sha256(url, FORM, TOKEN)):
        assert not signatures.admits(arrival(signature, settings), FORM)


def test_a_shared_key_alone_is_enough() -> None:
    url = PUBLIC + "/twilio/voice"
    signatures = Signatures("", PUBLIC, shared_keys={NAME: KEY})
    assert signatures.wants_signature
    assert signatures.admits(arrival(sign_sha256(url, FORM), f"key={NAME},algorithm=HMAC_SHA256"), FORM)
    assert not signatures.admits(arrival(sign(url, FORM, "")), FORM)
    local = Arrival("http", "/twilio/voice", "127.0.0.1", {"host": "localhost"})
    assert not signatures.admits(local, FORM)
