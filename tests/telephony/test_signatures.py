"""Who is served."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from telephony.arrival import Arrival
from telephony.signatures import Signatures, is_signed, is_upgrade_signed
from tests.telephony.twilio_side import PUBLIC, TOKEN, sign

_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"


def test_the_published_vectors_hold() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    assert is_signed("12345", _URL, form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    assert not is_signed("12345", _URL, form | {"Digits": "1235"}, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    doubled = MultiDict(
        [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
    )
    assert is_signed("12345", _URL, doubled, "IK+Dwps556ElfBT0I3Rgjkr1wJU=")
    json_url = _URL + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    body = '{"property": "value", "boolean": true}'
    assert is_signed("12345", json_url, body, "a9nBmqA0ju/hNViExpshrM61xv4=")
    assert not is_signed("12345", json_url, body + " ", "a9nBmqA0ju/hNViExpshrM61xv4=")


def test_the_port_does_not_matter_and_a_password_is_not_signed() -> None:
    signature = sign("https://bot.example.com/twilio/voice", {"a": "1"})
    for url in (
        "https://bot.example.com/twilio/voice",
        "https://bot.example.com:443/twilio/voice",
        "https://bot.example.com:8443/twilio/voice",
        "https://user:pass@bot.example.com/twilio/voice",
    ):
        assert is_signed(TOKEN, url, {"a": "1"}, signature), url
    assert is_signed(TOKEN, "http://[::1]:8080/x", {}, sign("http://[::1]:8080/x"))


@pytest.mark.parametrize("signature", [None, "", "x", "가", "\udcff", "RSOYDt4T1cUTdK1PDd93/VVr8B8="])
def test_a_missing_or_wrong_signature_is_not_one(signature: str | None) -> None:
    assert not is_signed(TOKEN, _URL, {}, signature)
    assert not is_upgrade_signed(TOKEN, _URL, signature)
    assert not is_signed("", _URL, {}, signature)


@pytest.mark.parametrize(
    "signed",
    [
        "wss://bot.example.com/twilio/media",
        "wss://bot.example.com/twilio/media/",
        "wss://bot.example.com:443/twilio/media",
    ],
)
def test_an_upgrade_is_signed_for_wss_with_or_without_a_slash(signed: str) -> None:
    assert is_upgrade_signed(TOKEN, "https://bot.example.com/twilio/media", sign(signed))


@pytest.mark.parametrize(
    "signed",
    [
        "https://bot.example.com/twilio/media",
        "ws://bot.example.com/twilio/media",
        "wss://evil.example.com/twilio/media",
        "wss://bot.example.com/twilio/other",
        "wss://bot.example.com:80/twilio/media",
    ],
)
def test_an_upgrade_signed_for_anything_else_is_refused(signed: str) -> None:
    assert not is_upgrade_signed(TOKEN, "https://bot.example.com/twilio/media", sign(signed))


def arrival(scheme: str = "http", peer: str = "127.0.0.1", host: str = "127.0.0.1:8080", **headers: str) -> Arrival:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Arrival(scheme, "/twilio/voice", peer, {"host": host, **names})


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "localhost"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "127.8.9.1", "::ffff:127.0.0.1"])
def test_without_a_token_this_machine_is_served(peer: str, host: str) -> None:
    assert Signatures("").admits(arrival(peer=peer, host=host))


@pytest.mark.parametrize(
    "stranger",
    [
        arrival(peer="203.0.113.9"),
        arrival(peer=""),
        arrival(peer="::ffff:203.0.113.9"),
        arrival(host="bot.example.com"),
        arrival(host=""),
        arrival(host="127.0.0.1.example.com"),
        arrival(host="[::1"),
        arrival(x_forwarded_for="127.0.0.1"),
        arrival(x_forwarded_proto="https"),
        arrival(forwarded="for=127.0.0.1"),
        arrival(via="1.1 tunnel"),
        arrival(origin="https://evil.example.com"),
        arrival(origin="null"),
    ],
)
def test_without_a_token_nobody_else_is_served(stranger: Arrival) -> None:
    assert not Signatures("").admits(stranger)
    assert not Signatures("", PUBLIC).admits(stranger)


def test_with_a_token_and_no_public_url_loopback_signs_the_url_of_the_request() -> None:
    signatures = Signatures(TOKEN)
    signature = sign("http://127.0.0.1:8080/twilio/voice", {"a": "1"})
    assert signatures.admits(arrival(x_twilio_signature=signature), {"a": "1"})
    assert not signatures.admits(arrival(x_twilio_signature=signature), {"a": "2"})
    assert not signatures.admits(arrival(peer="203.0.113.9", x_twilio_signature=signature), {"a": "1"})
    assert not signatures.admits(arrival(), {"a": "1"})
    for scheme in ("ws", "wss"):
        upgrade = sign(f"{scheme}://127.0.0.1:8080/twilio/voice")
        assert signatures.admits(arrival("ws", x_twilio_signature=upgrade))


def test_with_a_public_url_that_one_is_signed_whatever_host_the_request_names() -> None:
    signatures = Signatures(TOKEN, PUBLIC + "/")
    public = arrival(peer="203.0.113.9", host="internal:5000", x_twilio_signature=sign(PUBLIC + "/twilio/voice"))
    assert signatures.admits(public)
    internal = arrival(host="internal:5000", x_twilio_signature=sign("http://internal:5000/twilio/voice"))
    assert not signatures.admits(internal)


@settings(max_examples=200, deadline=None)
@given(st.text(), st.text(), st.text(), st.dictionaries(st.text(), st.text()))
def test_no_request_makes_the_check_raise(host: str, target: str, signature: str, form: dict[str, str]) -> None:
    for signatures in (Signatures(TOKEN), Signatures(TOKEN, PUBLIC), Signatures("")):
        for scheme in ("http", "ws"):
            headers = {"host": host, "x-twilio-signature": signature, "origin": host}
            assert signatures.admits(Arrival(scheme, target, "127.0.0.1", headers), form) in (True, False)
