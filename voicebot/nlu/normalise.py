"""Text as the understanding wants it, whoever wrote it: composed Hangul, plain digits, single spaces, bounded.

Spans found in the normalised text can be carried back to the text that was given.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LIMIT = 2000
"""Characters of normalised text that are kept. A minute of quick speech has about 600 syllables."""

_PLAIN = re.compile(r"(?:[!-;=?-Z^-~가-힣ㄱ-ㅣ]+(?: [!-;=?-Z^-~가-힣ㄱ-ㅣ]+)*)?")
"""Nothing to do: no `[`, `<` nor `>`, no doubled, leading or trailing space, nothing but ASCII and whole Hangul."""

# What belongs together when it is rewritten: Vosk's numbers in brackets, its unknown word, a syllable in conjoining
# jamo, a run of half-width Hangul, a character with its combining marks.
_PIECE = re.compile(
    r"\[ *(?P<number>\d{1,20}) *\]|(?P<unknown><unk>|\[unk\])|[ᄀ-ᄒ][ᅡ-ᅵ][ᆨ-ᇂ]?|[가-힣][ᆨ-ᇂ]?"
    r"|[\uffa0-\uffdc]+|.[\u0300-\u036f]*",
    re.IGNORECASE | re.DOTALL,
)
_KEPT_SYMBOLS = frozenset("℃℉㎏㎝㎞㎖㎡°")
_REWRITTEN = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("〜～∼˜", "~"),
        **dict.fromkeys("‘’ʼ′`´", "'"),
        **dict.fromkeys("“”″「」『』", '"'),
        **dict.fromkeys("、，", ","),
        **dict.fromkeys("。．", "."),
        "￦": "₩",
        "·": " ",
        "…": " ",
        "<": " ",
        ">": " ",
    }
)


@dataclass(frozen=True)
class Normalised:
    """A normalised text and where each of its characters came from."""

    text: str
    starts: tuple[int, ...] | range
    ends: tuple[int, ...] | range
    """Offsets in the given text: character i of `text` came from given[starts[i]:ends[i]]."""

    def given_span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the given text that text[start:end] came from."""
        if start >= end:
            return (0, 0)
        return self.starts[start], self.ends[end - 1]


def normalise(text: str, limit: int = LIMIT) -> str:
    """`text` with composed Hangul, ASCII digits and punctuation, single spaces, and at most `limit` characters.

    Control characters, emoji, unknown words (`<UNK>`) and lone surrogates are dropped; Vosk's `[22]` becomes `22`.
    Letters keep their case. Never raises; normalising twice changes nothing more.
    """
    return normalise_with_spans(text, limit).text


def normalise_with_spans(text: str, limit: int = LIMIT) -> Normalised:
    """The same, with the way back to the spans of the given text."""
    if len(text) <= limit and _PLAIN.fullmatch(text):
        return Normalised(text, range(len(text)), range(1, len(text) + 1))
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for piece in _PIECE.finditer(text):
        for char in _rewrite(piece):
            if char == " " and (not characters or characters[-1] == " "):
                continue
            characters.append(char)
            starts.append(piece.start())
            ends.append(piece.end())
        if len(characters) >= limit:
            break
    del characters[limit:]
    while characters and characters[-1] == " ":
        characters.pop()
    return Normalised("".join(characters), tuple(starts[: len(characters)]), tuple(ends[: len(characters)]))


def _rewrite(piece: re.Match[str]) -> str:
    found = piece[0]
    if piece["unknown"]:
        return " "
    if piece["number"]:
        return "".join(str(unicodedata.digit(digit)) for digit in piece["number"])
    if len(found) > 1:
        found = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", found) if found[0] >= "\uffa0" else found)
    return "".join(map(_rewrite_character, found))


def _rewrite_character(char: str) -> str:
    if char in _KEPT_SYMBOLS:
        return char
    replaced = char.translate(_REWRITTEN)
    if replaced != char:
        return replaced
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category in ("Nd", "No"):
        return (
            unicodedata.normalize("NFKC", char).replace("⁄", "/") if category == "No" else str(unicodedata.digit(char))
        )
    if "！" <= char <= "～":
        return unicodedata.normalize("NFKC", char)
    if char in "\t\n\r" or category == "So":
        return " "
    if category[0] == "C" or category in ("Mn", "Me", "Sk"):
        return "" if char not in "^" else char
    return char
