"""What browser callers hear on the way to an agent, beside the phrases of `telephony.people.phrases`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from telephony.people.phrases import PHRASES, Phrase

LinePhrase = Literal[
    "waiting", "choice", "number", "number_wrong", "joined", "held", "resumed", "lost", "moved", "bot", "over"
]

_PHRASES: Mapping[str, Mapping[LinePhrase, str]] = {
    "ko": {
        "waiting": "기다려 주셔서 감사합니다. 상담원이 곧 도와드리겠습니다.",
        "choice": "나중에 전화를 받으시려면 1번, 챗봇과 다시 이야기하시려면 0번을 눌러 주세요.",
        "number": "전화 받으실 번호를 누르신 다음 우물 정자를 눌러 주세요. 취소하시려면 별표를 눌러 주세요.",
        "number_wrong": "죄송합니다. 그 번호로는 전화드릴 수 없습니다. 번호를 다시 눌러 주세요.",
        "joined": "상담원이 연결되었습니다.",
        "held": "잠시만 기다려 주세요.",
        "resumed": "기다려 주셔서 감사합니다.",
        "lost": "죄송합니다. 상담원과의 연결이 끊어졌습니다. 가장 먼저 다시 연결해 드리겠습니다.",
        "moved": "다른 상담원에게 연결해 드리겠습니다. 잠시만 기다려 주세요.",
        "bot": "다시 챗봇이 도와드리겠습니다.",
        "over": "상담이 끝났습니다. 이용해 주셔서 감사합니다. 안녕히 계세요.",
    },
    "en": {
        "waiting": "Thank you for waiting. One of our agents will be with you soon.",
        "choice": "To be called back later, press 1. To go back to the bot, press 0.",
        "number": "Please enter the number that we should call, and then press the pound key. To cancel, press star.",
        "number_wrong": "I'm sorry, we can't call that number. Please enter it again.",
        "joined": "An agent is on the line.",
        "held": "One moment, please.",
        "resumed": "Thank you for waiting.",
        "lost": "I'm sorry, the connection to the agent was lost. You are first in line for the next one.",
        "moved": "I'm connecting you to another agent. Please hold the line.",
        "bot": "You are back with the bot.",
        "over": "The conversation is over. Thank you, and goodbye.",
    },
}


def line_said(language: str, phrase: LinePhrase) -> str:
    """A phrase as it is written: the bot's own voice makes words of digits, and captions show them."""
    return _PHRASES.get(language, _PHRASES["en"])[phrase]


def people_said(language: str, phrase: Phrase, **values: object) -> str:
    """A phrase that telephone callers hear too, as it is written."""
    return PHRASES.get(language, PHRASES["en"])[phrase].format(**values)
