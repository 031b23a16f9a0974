"""A text rewritten from left to right: the first rule that matches at a place wins, and nothing is read twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u260d\u260f-\u27bf\ufe0f\u200b-\u200f\u2028-\u202e\ue000-\uf8ff]")
"""Pictures, invisible marks and private characters: never read."""

FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Full-width ASCII, as East Asian keyboards make it, to the usual characters (for `str.translate`)."""

_LOOK_BACK = 80
"""Characters of what is said already that a rule may look at."""
_ONE_SIGN = re.compile("[㎀-㏿ℓ①-⓿Ⅰ-ↈ\U0001d400-\U0001d7ff²³]|[^\\W_](?<![ -~가-힣ㄱ-ㅣ])")
_NO_ZERO = re.compile(r"(?<![\w.])\.(?=\d)")
_SQUARED = {"㎡": "m²", "㎥": "m³", "㎢": "km²", "㎠": "cm²", "ℓ": "L", "²": "²", "³": "³"}


@dataclass(frozen=True)
class Rule:
    """What is written like `pattern` is said as `say` says; where it says None, the next rule has its turn."""

    pattern: re.Pattern[str]
    say: Callable[[re.Match[str], str], str | None]
    """Gets the match and what is said before it, its last 80 characters at least."""


def tidied(text: str) -> str:
    """`text` in composed characters, without pictures, with usual letters, digits and units for rare forms of them.

    White space becomes single spaces: rules need not mind how much of it there is.
    """
    text = unicodedata.normalize("NFC", text).translate(FULL_WIDTH)
    text = _ONE_SIGN.sub(_usual, EMOJI.sub(" ", text))
    return _NO_ZERO.sub("0.", re.sub(r"\s+", " ", text))


def one_stop(text: str) -> str:
    """`text` with one sign where there are several full stops, question or exclamation marks: `?!` is `?`."""
    return re.sub(r"[.?!]{2,}", lambda match: "?" if "?" in match[0] else match[0][-1], text)


def _usual(match: re.Match[str]) -> str:
    """`㎏` as `kg`, `①` as ` 1 `, `Ⅲ` as `3`, `é` as `e`, digits of any script as our own."""
    char = match[0]
    if known := _SQUARED.get(char):
        return known
    kind = unicodedata.category(char)
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    if kind in ("Nl", "No"):
        number = float(unicodedata.numeric(char, -1))
        if number < 0 or not number.is_integer() or number > 1000:
            return char
        return f"{int(number)}" if kind == "Nl" else f" {int(number)} "
    bare = unicodedata.normalize("NFKD", char)
    return "".join(part for part in bare if not unicodedata.combining(part)) if bare[0].isascii() else char


def rewrite(
    text: str, rules: Sequence[Rule], places: re.Pattern[str], join: Callable[[str, str, str], tuple[str, int]]
) -> str:
    """`text` in words.

    Rules are tried only where `places` matches; everything else is copied. After a rule's words, `join(said, words,
    rest)` gives what was said with the words put behind it, and how many characters of the rest it took as well.
    Linear in the length of `text`, as far as each rule's pattern is bounded: what rules see of the text before them is.
    """
    done: list[str] = []
    said, position = "", 0
    while (place := places.search(text, position)) is not None:
        said += text[position : place.start()]
        position = place.start()
        if len(said) > 3 * _LOOK_BACK:
            done.append(said[:-_LOOK_BACK])
            said = said[-_LOOK_BACK:]
        for rule in rules:
            match = rule.pattern.match(text, position)
            if match is None or match.end() == position:
                continue
            words = rule.say(match, said)
            if words is not None:
                said, taken = join(said, words, text[match.end() : match.end() + 12])
                position = match.end() + taken
                break
        else:
            end = place.end()
            said += text[position:end]
            position = end
    return "".join(done) + said + text[position:]


def behind(match: re.Match[str], most: int = 24) -> str:
    """What is written behind a match, at most so many characters of it."""
    return match.string[match.end() : match.end() + most]


def group_code(digits: str) -> str:
    """A long code without groups of its own: telephone numbers 3-4-4 or 2-4-4, others in fours from the right."""
    if digits.startswith("02") and len(digits) in (9, 10):
        parts = [digits[:2], digits[2:-4], digits[-4:]]
    elif digits.startswith("0") and len(digits) in (10, 11):
        parts = [digits[:3], digits[3:-4], digits[-4:]]
    else:
        head = len(digits) % 4
        parts = [digits[:head]] * bool(head) + [digits[at : at + 4] for at in range(head, len(digits), 4)]
    return "-".join(parts)
