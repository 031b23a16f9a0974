"""A text rewritten from left to right: the first rule that matches at a place wins, and nothing is read twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u260d\u260f-\u27bf\ufe0f\u200b-\u200f\u2028-\u202e\ue000-\uf8ff]")
"""Pictures, invisible marks and private characters: never read."""

FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Full-width ASCII, as East Asian keyboards make it, to the usual characters (for `str.translate`)."""


@dataclass(frozen=True)
class Rule:
    """What is written like `pattern` is said as `say` says; where it says None, the next rule has its turn."""

    pattern: re.Pattern[str]
    say: Callable[[re.Match[str], str], str | None]
    """Gets the match and all that is said before it."""


def rewrite(
    text: str, rules: Sequence[Rule], places: re.Pattern[str], join: Callable[[str, str, str], tuple[str, int]]
) -> str:
    """`text` in words.

    Rules are tried only where `places` matches; everything else is copied. After a rule's words, `join(said, words,
    rest)` gives what was said with the words put behind it, and how many characters of the rest it took as well.
    """
    said, position = "", 0
    while (place := places.search(text, position)) is not None:
        said += text[position : place.start()]
        position = place.start()
        for rule in rules:
            match = rule.pattern.match(text, position)
            if match is None or match.end() == position:
                continue
            words = rule.say(match, said)
            if words is not None:
                said, taken = join(said, words, text[match.end() :][:12])
                position = match.end() + taken
                break
        else:
            end = place.end()
            said += text[position:end]
            position = end
    return said + text[position:]


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
