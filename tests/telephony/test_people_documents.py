"""Every document on the way to people is one that Twilio executes, by two readers of its rules."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import pytest

from telephony.people import documents
from telephony.people.phrases import PHRASES, national, said
from telephony.people.whisper import whispered
from telephony.phone import twiml
from tests.peers import twiml_reader
from tests.telephony.people_side import CONTEXT

URL = "/twilio/wait?l=ko&q=a%26b&n=0&a=0"
HOSTILE = "<b>\"홍길동\" & 'Sohn'</b>"

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "ring": {"texts": [HOSTILE], "number": "+821012345678", "after": URL, "rings_s": 30, "whisper": URL},
    "queue": {"texts": [HOSTILE], "name": "q" * 80, "after": URL, "wait": URL},
    "task": {
        "texts": [HOSTILE],
        "workflow": "WW" + "0" * 32,
        "attributes": {"summary": HOSTILE, "priority": 3},
        "after": URL,
        "wait": URL,
        "priority": 3,
        "timeout_s": 300,
    },
    "waiting": {"texts": [HOSTILE], "chosen": URL, "again": URL, "pause_s": 25},
    "leave": {"texts": [HOSTILE]},
    "menu": {"texts": [HOSTILE], "chosen": URL, "otherwise": URL},
    "number_entry": {"texts": [HOSTILE], "chosen": URL, "otherwise": URL},
    "record": {"texts": [HOSTILE], "after": URL, "kept": URL, "empty": URL, "longest_s": 120},
    "say_and_hang_up": {"texts": [HOSTILE]},
    "go_on": {"texts": [HOSTILE]},
    "redirect": {"url": URL},
    "decide": {"texts": [HOSTILE], "decided": URL, "within_s": 10},
}


def test_there_is_an_example_of_every_document() -> None:
    public = {
        name
        for name, value in inspect.getmembers(documents, inspect.isfunction)
        if not name.startswith("_") and value.__module__ == documents.__name__
    }
    assert public == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_document_can_be_executed(name: str, language: str) -> None:
    make = getattr(documents, name)
    options = {"language": language} if "language" in inspect.signature(make).parameters else {}
    written = make(**EXAMPLES[name], **options)
    twiml.read(written.encode(), document_url="https://bot.example.com/twilio/voice")
    twiml_reader.read(200, "text/xml", written)


def test_music_while_waiting_is_a_document_too() -> None:
    written = documents.waiting([], URL, URL, language="ko", pause_s=5, music="https://bot.example.com/hold.mp3")
    assert twiml.read(written.encode(), document_url="https://bot.example.com")[0].children[0].name == "Play"


def test_both_languages_have_the_same_phrases_and_none_says_a_digit() -> None:
    assert PHRASES["ko"].keys() == PHRASES["en"].keys()
    values = {"place": 12, "minutes": 25, "week": "x", "next": "x", "number": "010-1234-5678"}
    for language, phrases in PHRASES.items():
        for phrase in phrases:
            text = said(language, phrase, **values)
            assert not any(character.isdigit() for character in text), text
            assert "{" not in text


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("+821012345678", "010-1234-5678"),
        ("+82215881234", "02-1588-1234"),
        ("+82212345678", "02-1234-5678"),
        ("+82317771234", "031-777-1234"),
        ("+8215881234", "1588-1234"),
        ("+825051234567", "0505-123-4567"),
        ("+12025550123", "+12025550123"),
    ],
)
def test_numbers_are_written_as_at_home(number: str, written: str) -> None:
    assert national(number) == written


def test_a_whisper_is_short_however_long_the_summary_is() -> None:
    from dataclasses import replace

    long = replace(CONTEXT, summaries={"ko": "반품 신청 " * 200})
    assert len(" ".join(whispered(long, "가온몰", "ko"))) < 400
    assert whispered(None, "", "en")[0] == "A call for you."
