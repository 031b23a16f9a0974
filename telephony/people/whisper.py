"""What an agent hears before a call is connected: short, and in the agent's language."""

from __future__ import annotations

from collections.abc import Mapping

from voicebot.store.hand_overs import HandOverContext
from voicebot.tts.speech_text import spoken

_MOST_CHARACTERS = 160
"""Of the summary: a caller is waiting while it is read out; the desk shows the rest."""

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "ko": {
        "call": "{name} 상담 전화입니다.",
        "call_nameless": "상담 전화입니다.",
        "asked": "고객이 상담원을 찾습니다.",
        "no_match": "고객의 말을 알아듣지 못해 연결합니다.",
        "no_input": "고객의 말이 없어 연결합니다.",
        "backend": "조회가 되지 않아 연결합니다.",
        "stuck": "대화가 진행되지 않아 연결합니다.",
        "time_limit": "통화가 길어져 연결합니다.",
        "failed": "시스템 문제로 연결합니다.",
        "trouble": "시스템 문제로 연결합니다.",
        "full": "통화가 많아 바로 연결합니다.",
        "summary": "문의 내용은 {summary}입니다.",
        "angry": "고객이 화가 나 있습니다.",
        "displeased": "고객이 불편해하고 있습니다.",
        "other_language": "고객은 영어를 사용합니다.",
        "keys": "전화를 받으시려면 1번, 받지 않으시려면 2번, 다시 들으시려면 별표를 눌러 주세요.",
        "connected": "연결합니다.",
    },
    "en": {
        "call": "A call for {name}.",
        "call_nameless": "A call for you.",
        "asked": "The caller asked for a person.",
        "no_match": "The bot did not understand the caller.",
        "no_input": "The caller did not answer the bot.",
        "backend": "A look-up failed.",
        "stuck": "The conversation was getting nowhere.",
        "time_limit": "The call was getting long.",
        "failed": "Something went wrong on our side.",
        "trouble": "Something went wrong on our side.",
        "full": "The lines are busy.",
        "summary": "It is about: {summary}.",
        "angry": "The caller is angry.",
        "displeased": "The caller is not happy.",
        "other_language": "The caller speaks Korean.",
        "keys": "To take the call press 1, to decline press 2, to hear this again press star.",
        "connected": "Connecting.",
    },
}


def whispered(context: HandOverContext | None, name: str, language: str) -> list[str]:
    """The sentences, without digits. `name`: what the organisation is called; `language`: the agent's."""
    texts = _TEXTS.get(language, _TEXTS["en"])
    parts = [texts["call"].format(name=name) if name else texts["call_nameless"]]
    if context is not None:
        parts.append(texts.get(context.reason, ""))
        if summary := _short(context.summary(language)):
            parts.append(texts["summary"].format(summary=summary))
        parts.append(texts.get(str(context.feeling.get("name", "")), ""))
        if context.language != language:
            parts.append(texts["other_language"])
    parts.append(texts["keys"])
    return [spoken(part, language) for part in parts if part]


def connected(language: str) -> str:
    """Said to the agent who took the call."""
    return _TEXTS.get(language, _TEXTS["en"])["connected"]


def _short(text: str) -> str:
    text = text.strip().rstrip(".;").replace(";", ",")
    if len(text) <= _MOST_CHARACTERS:
        return text
    return text[:_MOST_CHARACTERS].rpartition(" ")[0].rstrip(",; ")
