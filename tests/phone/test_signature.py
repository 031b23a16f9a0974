"""Signatures, against Twilio's own vectors and library."""

from __future__ import annotations

import pytest
from twilio.request_validator import RequestValidator

from telephony.phone.signature import signature, signed_url

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]


def test_the_published_vector() -> None:
    assert signature("12345", URL, FORM) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert signature("12345", URL, FORM[::-1]) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_repeated_names_count_once_for_each_value() -> None:
    form = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
    assert signature("12345", URL, form) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


def test_a_json_body_is_covered_by_the_url_alone() -> None:
    url = URL + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    assert signature("12345", url) == "a9nBmqA0ju/hNViExpshrM61xv4="


def test_twilios_library_accepts_it() -> None:
    form = {"Body": "  한국어 & spaces  ", "CallSid": "CA1", "CallStatus": "ringing", "Called": "", "CallToken": "%7B"}
    url = "https://bot.example.com/twilio/voice"
    assert RequestValidator("token").validate(url, form, signature("token", url, form.items()))


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://user:word@bot.example.com:8443/a?b=c#rc=2", "https://bot.example.com/a?b=c"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("wss://bot.example.com:443/m", "wss://bot.example.com/m"),
        ("ws://127.0.0.1:8080/m", "ws://127.0.0.1:8080/m"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
    ],
)
def test_the_form_of_the_url(url: str, signed: str) -> None:
    assert signed_url(url) == signed
