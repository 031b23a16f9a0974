"""What texts are found by, on both databases: Hangul by pairs of syllables, other letters and digits by words.

A word of two syllables is the most usual thing to search for in Korean; indexes of three letters (SQLite's `trigram`,
PostgreSQL's pg_trgm) can't find it. Pairs can, wherever it stands in a word and however the text is spaced: the text
"환불 해주세요" becomes the tokens "환불 불해 해주 주세 세요 요".
"""

from __future__ import annotations

import re
import unicodedata

_RUNS = re.compile(r"[가-힣ㄱ-ㅣ]+|[^\W_가-힣ㄱ-ㅣ]+")
_BETWEEN_SYLLABLES = re.compile(r"(?<=[가-힣])\s+(?=[가-힣])")
MOST_WORDS = 8
"""Words of a search; further ones are ignored."""


def grams(text: str) -> str:
    """The tokens of a text, with spaces between."""
    tokens: list[str] = []
    for run in _RUNS.findall(_BETWEEN_SYLLABLES.sub("", _plain(text))):
        tokens += _pairs(run) if _is_hangul(run) else [run]
    return " ".join(tokens)


def phrases(search: str) -> list[tuple[list[str], bool]]:
    """What to look for: of each word its tokens, which must follow each other, and whether the last is a beginning.

    Empty where nothing is left to look for.
    """
    found = []
    for word in _plain(search).split():
        tokens: list[str] = []
        runs = _RUNS.findall(word)
        beginning = False
        for number, run in enumerate(runs):
            last = number == len(runs) - 1
            if not _is_hangul(run):
                tokens.append(run)
                beginning = last
            elif last and len(run) > 1:
                tokens += _pairs(run)[:-1]
            else:
                tokens += _pairs(run)
                beginning = last
        if tokens:
            found.append((tokens, beginning))
    return found[:MOST_WORDS]


def sqlite_match(search: str) -> str:
    """The search as FTS5's MATCH takes it; empty where nothing is left to look for."""
    return " AND ".join(
        " + ".join(f'"{token}"' for token in tokens) + ("*" if beginning else "")
        for tokens, beginning in phrases(search)
    )


def postgresql_query(search: str) -> str:
    """The search as to_tsquery takes it; empty where nothing is left to look for."""
    return " & ".join(
        "(" + " <-> ".join(f"'{token}'" for token in tokens) + (":*" if beginning else "") + ")"
        for tokens, beginning in phrases(search)
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _is_hangul(run: str) -> bool:
    return "가" <= run[0] <= "힣" or "ㄱ" <= run[0] <= "ㅣ"


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run))]
