"""Sentences: where they end, and how one from a document is made fit to be spoken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.nlu.hangul import particle

_END = re.compile(r"(?:[.!?。！？]|\.{3}|…)+[\"'”’)\]]*(?=\s|$)")
_NO_END = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|\d{1,2}|Mr|Mrs|Ms|Dr|St|No|Inc|Ltd|Co|vs|etc|e\.g|i\.e|approx|Tel|tel|Fig|a\.m|p\.m)\.$"
)
"""What ends in a full stop and goes on: a number of a list, a letter, an abbreviation."""

_SPACES = re.compile(r"\s+")


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, spaces made single; the last of a line may lack its end. Not cut inside parentheses."""
    for line in text.splitlines():
        yield from _of_line(_SPACES.sub(" ", line).strip())


def _of_line(text: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(text):
        sentence = text[start : end.end()]
        if _NO_END.search(sentence) or sentence.count("(") > sentence.count(")"):
            continue
        yield sentence.strip()
        start = end.end()
    if rest := text[start:].strip():
        yield rest


_URL = r"(?:https?://|www\.)[^\s()<>\[\]가-힣]*[^\s()<>\[\]가-힣.,;:!?'\"]"
_BRACKETED = re.compile(rf"\s*[(\[<]\s*(?:{_URL}|[\w.+-]+@[\w.-]+)\s*[)\]>]")
_BARE_URL = re.compile(_URL)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_LOOSE_PARTICLE = re.compile(r"(홈페이지|이메일)\s*(을|를|은|는|이|가|으로|로|과|와|에|에서|의|도)(?=[\s,.]|$)")
_BULLETS = "※■□▶▷◆◇●○•▪◦☎✓✔★☆→⇒·ㆍ"
_EMPHASIS = re.compile(r"[*_`]+|~~")
_MARKUP = re.compile(rf"[#|<>{{}}^\\]+|\[\d+\]|&[a-z]+;|[{_BULLETS}]+(?=\s)|^[{_BULLETS}-]+\s*")
_LIST_NUMBER = re.compile(r"^(?:\(?\d{1,2}[.)]|[①-⑳]|[가-하][.)])\s+")
_POLITE_OR_VERBAL = re.compile(r"(?:[다요까죠]|[함됨음임]|시오|[가-힣]{2,}오)$")
_HANGUL = re.compile("[가-힣]")
_SPOKEN = re.compile(r"[^\W_]")


def speakable(sentence: str, language: str) -> str:
    """A sentence of a document as a bot can say it; empty where nothing is left to say.

    Markup, bullets, list numbers and addresses of the web are gone. A Korean fragment that ends in a noun gets 입니다;
    whatever has an ending keeps it, for the words are the document's.
    """
    text = _BRACKETED.sub("", sentence)
    text = _BARE_URL.sub("홈페이지" if language == "ko" else "the website", text)
    text = _MAIL.sub("이메일" if language == "ko" else "e-mail", text)
    text = _LOOSE_PARTICLE.sub(lambda found: found[1] + particle(found[1], found[2]), text)
    text = _MARKUP.sub(" ", _EMPHASIS.sub("", text))
    text = _LIST_NUMBER.sub("", _SPACES.sub(" ", text).strip())
    text = re.sub(r"\(\s*\)", "", text)
    text = re.sub(r"\s+([,.!?)])", r"\1", text).strip(" -,;:")
    if not _SPOKEN.search(text):
        return ""
    if text[-1] in ".!?。！？…\"'”’":
        return text
    bare = re.sub(r"\s*\([^()]*\)$", "", text)
    if language == "ko" and _HANGUL.search(text) and not _POLITE_OR_VERBAL.search(bare):
        return f"{text}입니다."
    return f"{text}."
