"""The part of SSML that replies may hold: breaks, emphasis, rate, pitch, and how figures are meant.

After the W3C's Speech Synthesis Markup Language 1.1 (sections 3.1.9 and 3.2): `<speak>`, `<break time|strength>`,
`<emphasis level>`, `<prosody rate pitch>` and `<say-as interpret-as>`. Any other tag, and one that is not well
formed or not closed, is dropped and its content said; `faults` tells the author so.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace

from voicebot.nlu.hangul import PARTICLES, particle
from voicebot.tts import markup_tags
from voicebot.tts.markup_tags import Tag
from voicebot.tts.say_as import MEANINGS, said_as
from voicebot.tts.speech_text import spoken

LONGEST_BREAK_MS = 10_000
"""Longer silences sound like a lost call."""

_SLOWEST, _FASTEST = 0.5, 2.0
"""Bounds of rate and of pitch."""
_STRENGTHS = {"none": 0, "x-weak": 100, "weak": 200, "medium": 400, "strong": 700, "x-strong": 1200}
"""Milliseconds; SSML leaves them to the synthesiser. `strong` is a sentence's end, `x-strong` a paragraph's."""
_RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.2, "x-fast": 1.4}
_PITCHES = {"x-low": 0.7, "low": 0.85, "medium": 1.0, "default": 1.0, "high": 1.15, "x-high": 1.3}
_LEVELS = {"strong": True, "moderate": True, "none": False, "reduced": False}
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")
_LEADING_PARTICLE = re.compile(rf"({'|'.join(sorted(PARTICLES, key=len, reverse=True))})(?![가-힣])")


@dataclass(frozen=True)
class Words:
    """Something to be said."""

    text: str
    """In words already: what `spoken` gives."""
    rate: float = 1.0
    """Relative speed, times the reply's own."""
    pitch: float = 1.0
    """Relative pitch, times the reply's own."""
    emphasis: bool = False


@dataclass(frozen=True)
class Break:
    """A silence."""

    ms: int
    """Milliseconds."""


@dataclass(frozen=True)
class _Manner:
    """How what stands at a place is said."""

    words: Words = Words("")
    meaning: str = ""
    form: str = ""


def pieces(text: str, language: str) -> tuple[Words | Break, ...]:
    """`text`, with markup or without, as the words and the silences that make it up, in their order.

    Neighbouring words of one manner of speaking are one piece; a word that a tag parts stays with its beginning.
    Never raises; nothing to say gives no piece.
    """
    if "<" not in text and "&" not in text:
        said = spoken(text, language)
        return (Words(said),) if said else ()
    found: list[Words | Break] = []
    spaced = False
    for part in _parts(text):
        if isinstance(part, Break):
            found.append(part)
            continue
        written, manner = part
        said = said_as(written, manner.meaning, manner.form, language) if manner.meaning else spoken(written, language)
        spaced = spaced or written[:1].isspace()
        if said and not spaced and found and isinstance(last := found[-1], Words):
            said = _agreeing(last.text, said) if language == "ko" else said
            end, _, said = said.partition(" ")
            found[-1] = last = replace(last, text=last.text + end)
            spaced = True
        if said and found and isinstance(last := found[-1], Words) and replace(last, text="") == manner.words:
            found[-1] = replace(last, text=f"{last.text} {said}")
        elif said:
            found.append(replace(manner.words, text=said))
        spaced = written[-1:].isspace() or (spaced and not written.strip())
    return tuple(found)


def plain(text: str) -> str:
    """`text` as written, without its markup: for transcripts and screens."""
    if "<" not in text and "&" not in text:
        return text
    without, position = "", 0
    for tag in markup_tags.read(text).tags:
        without += text[position : tag.start] + " " * (tag.name == "break")
        position = tag.end
    return re.sub(r" {2,}", " ", _unescaped(without + text[position:])).strip()


def faults(text: str) -> tuple[str, ...]:
    """What of the markup in `text` is not honoured, for its author: what is wrong, a semicolon, what to do."""
    found = markup_tags.read(text)
    wrong = [sentence for tag in found.tags if not tag.closes for sentence in _wrong_values(tag)]
    return tuple(dict.fromkeys([*found.faults, *wrong]))


def _parts(text: str) -> list[tuple[str, _Manner] | Break]:
    found = markup_tags.read(text)
    ends = set(found.closing.values())
    parts: list[tuple[str, _Manner] | Break] = []
    manners = [_Manner()]
    position = 0
    for index, tag in enumerate(found.tags):
        if tag.start > position:
            parts.append((_unescaped(text[position : tag.start]), manners[-1]))
        position = tag.end
        if tag.name == "break" and not tag.closes:
            parts.append(Break(_break_ms(tag)))
        elif index in found.closing:
            manners.append(_inside(tag, manners[-1]))
        elif index in ends:
            manners.pop()
    if position < len(text):
        parts.append((_unescaped(text[position:]), manners[-1]))
    return parts


def _inside(tag: Tag, outer: _Manner) -> _Manner:
    words = outer.words
    if tag.name == "emphasis":
        return replace(outer, words=replace(words, emphasis=_LEVELS.get(tag.attributes.get("level", "moderate"), True)))
    if tag.name == "prosody":
        rate = _relative(tag.attributes.get("rate", ""), _RATES) or 1.0
        pitch = _relative(tag.attributes.get("pitch", ""), _PITCHES) or 1.0
        return replace(
            outer, words=replace(words, rate=_bounded(words.rate * rate), pitch=_bounded(words.pitch * pitch))
        )
    if tag.name == "say-as":
        return replace(
            outer, meaning=tag.attributes.get("interpret-as", "").lower(), form=tag.attributes.get("format", "").lower()
        )
    return outer


def _bounded(factor: float) -> float:
    return round(min(max(factor, _SLOWEST), _FASTEST), 3)


def _relative(value: str, names: dict[str, float]) -> float | None:
    """A factor of rate or pitch: a name, `80%`, `+10%`, `1.2`, `+2st` (semitones); None for anything else."""
    if value in names:
        return names[value]
    match = re.fullmatch(r"([+-])?(\d{1,4}(?:\.\d{1,4})?)(%|st)?", value.strip())
    if match is None:
        return None
    sign, number, unit = match[1], float(match[2]), match[3]
    signed = -number if sign == "-" else number
    if unit == "st":
        return float(2 ** (max(-24.0, min(24.0, signed)) / 12)) if names is _PITCHES else None
    if unit == "%":
        return max(0.0, 1 + signed / 100 if sign else number / 100)
    return None if sign else number


def _break_ms(tag: Tag) -> int:
    ms = _milliseconds(tag.attributes["time"]) if "time" in tag.attributes else None
    if ms is None:
        ms = _STRENGTHS.get(tag.attributes.get("strength", "medium"), _STRENGTHS["medium"])
    return min(ms, LONGEST_BREAK_MS)


def _milliseconds(time: str) -> int | None:
    match = re.fullmatch(r"\+?(\d{1,6}(?:\.\d{1,3})?)(ms|s)", time.strip().lower())
    return round(float(match[1]) * (1000 if match[2] == "s" else 1)) if match else None


def _wrong_values(tag: Tag) -> list[str]:
    """What the values of a known tag's attributes ask for and don't get."""
    given = tag.attributes
    wrong: list[tuple[str, str]] = []
    if tag.name == "break":
        if "time" in given and (ms := _milliseconds(given["time"])) is None:
            wrong.append(("time", 'write "500ms" or "0.5s"'))
        elif "time" in given and (ms or 0) > LONGEST_BREAK_MS:
            wrong.append(("time", f"{LONGEST_BREAK_MS // 1000} seconds is the longest"))
        if given.get("strength", "none") not in _STRENGTHS:
            wrong.append(("strength", f"there are {', '.join(_STRENGTHS)}"))
    if tag.name == "emphasis" and given.get("level", "none") not in _LEVELS:
        wrong.append(("level", f"there are {', '.join(_LEVELS)}"))
    if tag.name == "say-as" and given.get("interpret-as", "").lower() not in MEANINGS:
        wrong.append(("interpret-as", f"there are {', '.join(sorted(MEANINGS))}"))
    if tag.name == "prosody":
        for name, names in (("rate", _RATES), ("pitch", _PITCHES)):
            if name in given and _relative(given[name], names) is None:
                wrong.append((name, f'write {", ".join(names)}, or a percentage as "90%" or "+10%"'))
    return [
        f'{name}="{given[name]}" of <{tag.name}> is not understood; {advice}'
        if name in given
        else f"<{tag.name}> needs {name}; {advice}"
        for name, advice in wrong
    ]


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text)


def _agreeing(before: str, said: str) -> str:
    """`said` with the particle that it begins with in the form that the word before it takes."""
    leading = _LEADING_PARTICLE.match(said)
    return particle(before, leading[0]) + said[leading.end() :] if leading else said
