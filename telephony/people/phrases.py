"""What Twilio says on the way to people, in both languages; digits are written out as they are said.

They stand in the code for the reason in docs/decisions/phrases-outside-the-stream.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from voicebot.tts.speech_text import spoken

Phrase = Literal[
    "to_people",
    "full",
    "trouble",
    "next_agent",
    "queued",
    "place",
    "soon",
    "minutes",
    "half_an_hour",
    "while_waiting",
    "waited_long",
    "nobody",
    "closed",
    "holiday",
    "week",
    "holidays_closed",
    "open_again",
    "choice",
    "number_known",
    "number_wanted",
    "number_wrong",
    "callback_now",
    "callback_later",
    "voicemail",
    "voicemail_empty",
    "voicemail_kept",
    "call_again",
    "bye",
    "unknown_key",
]

PHRASES: Mapping[str, Mapping[Phrase, str]] = {
    "ko": {
        "to_people": "상담원에게 연결해 드리겠습니다. 잠시만 기다려 주세요.",
        "full": "지금은 통화가 많아 상담원에게 바로 연결해 드리겠습니다. 잠시만 기다려 주세요.",
        "trouble": "죄송합니다. 시스템에 문제가 생겨 상담원에게 연결해 드리겠습니다. 잠시만 기다려 주세요.",
        "next_agent": "전화를 받지 않아 다른 상담원에게 연결해 드리겠습니다. 잠시만 기다려 주세요.",
        "queued": "지금은 모든 상담원이 통화 중입니다. 순서대로 연결해 드리겠습니다.",
        "place": "현재 대기 순서는 {place}번째입니다.",
        "soon": "곧 연결될 예정입니다.",
        "minutes": "예상 대기 시간은 약 {minutes}분입니다.",
        "half_an_hour": "예상 대기 시간은 30분이 넘습니다.",
        "while_waiting": "기다리지 않고 전화를 받으시려면 1번, 음성 메시지를 남기시려면 2번을 눌러 주세요.",
        "waited_long": "오래 기다리시게 해서 죄송합니다.",
        "nobody": "죄송합니다. 지금은 전화를 받을 수 있는 상담원이 없습니다.",
        "closed": "지금은 상담 시간이 아닙니다.",
        "holiday": "오늘은 쉬는 날이라 상담원과 통화하실 수 없습니다.",
        "week": "상담 시간은 {week}입니다.",
        "holidays_closed": "공휴일에는 쉽니다.",
        "open_again": "{next}부터 상담하실 수 있습니다.",
        "choice": "나중에 전화를 받으시려면 1번, 음성 메시지를 남기시려면 2번을 눌러 주세요.",
        "number_known": "{number}번으로 전화드리겠습니다. 맞으면 1번, 다른 번호로 받으시려면 2번을 눌러 주세요.",
        "number_wanted": "전화 받으실 번호를 누르신 다음 우물 정자를 눌러 주세요.",
        "number_wrong": "죄송합니다. 그 번호로는 전화드릴 수 없습니다.",
        "callback_now": "접수되었습니다. 되도록 빨리 전화드리겠습니다.",
        "callback_later": "접수되었습니다. {next} 이후에 전화드리겠습니다.",
        "voicemail": "지금부터 남기시는 말씀은 녹음되며, 상담을 위해서만 사용됩니다. "
        "원하지 않으시면 전화를 끊어 주세요. 삐 소리가 나면 말씀하시고, 끝나면 우물 정자를 눌러 주세요.",
        "voicemail_empty": "녹음된 말씀이 없습니다.",
        "voicemail_kept": "메시지를 잘 받았습니다. 확인하고 연락드리겠습니다.",
        "call_again": "잠시 후 다시 전화해 주시기 바랍니다.",
        "bye": "감사합니다. 안녕히 계세요.",
        "unknown_key": "잘못 누르셨습니다.",
    },
    "en": {
        "to_people": "I'm connecting you to one of our agents. Please hold the line.",
        "full": "We have many callers at the moment, so I'm connecting you straight to an agent. Please hold the line.",
        "trouble": "I'm sorry, something went wrong on our side. I'm connecting you to an agent. Please hold the line.",
        "next_agent": "There was no answer, so I'm trying another agent. Please hold the line.",
        "queued": "All our agents are on the phone at the moment. We will take your call in turn.",
        "place": "You are number {place} in line.",
        "soon": "We expect to answer your call very soon.",
        "minutes": "The expected wait is about {minutes} minutes.",
        "half_an_hour": "The expected wait is more than 30 minutes.",
        "while_waiting": "If you would rather not wait, press 1 to be called back, or 2 to leave a message.",
        "waited_long": "I'm sorry that you had to wait so long.",
        "nobody": "I'm sorry, none of our agents can take your call right now.",
        "closed": "Our agents are not available at this time.",
        "holiday": "Our agents are not available today.",
        "week": "They can be reached {week}.",
        "holidays_closed": "We are closed on public holidays.",
        "open_again": "You can reach them again {next}.",
        "choice": "To be called back, press 1. To leave a message, press 2.",
        "number_known": "We will call you back on {number}. If that is right, press 1; for another number, press 2.",
        "number_wanted": "Please enter the number that we should call, and then press the pound key.",
        "number_wrong": "I'm sorry, we can't call that number.",
        "callback_now": "Thank you. We will call you back as soon as we can.",
        "callback_later": "Thank you. We will call you back after we open {next}.",
        "voicemail": "What you say will be recorded, and used for your request only. "
        "If you don't agree, please hang up. Speak after the tone, and press the pound key when you are done.",
        "voicemail_empty": "Nothing was recorded.",
        "voicemail_kept": "Thank you for your message. We will listen to it and get back to you.",
        "call_again": "Please call again a little later.",
        "bye": "Thank you, and goodbye.",
        "unknown_key": "That key has no meaning here.",
    },
}
"""What callers hear, by language."""


def said(language: str, phrase: Phrase, **values: object) -> str:
    """A phrase with its gaps filled, without digits."""
    texts = PHRASES.get(language, PHRASES["en"])
    return spoken(texts[phrase].format(**values), language if language in PHRASES else "en")


def national(number: str) -> str:
    """A number as it is written at home, so that it is read out in groups: 010-1234-5678 for +821012345678."""
    if not number.startswith("+82"):
        return number
    digits = "0" + number[3:] if not number.startswith(("+8215", "+8216", "+8218")) else number[3:]
    if len(digits) == 8:
        return f"{digits[:4]}-{digits[4:]}"
    area = 2 if digits.startswith("02") else 4 if digits.startswith("050") else 3
    return f"{digits[:area]}-{digits[area:-4]}-{digits[-4:]}"
