"""Which runs of digits are personal, and what they are: by their own shape, by check digits, and by the words beside.

Resident registration numbers: birth date, then a digit for century, sex and nationality, then six more. The check digit
of the thirteenth place holds only for those given out before October 2020: since then the last six are random, so a
plausible date and seventh digit are what counts. Cards: Luhn's check (ISO/IEC 7812-1, annex B).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence

from voicebot.nlu.entities.phones import phone_number
from voicebot.privacy.cues import Cue, Cues
from voicebot.privacy.kinds import Found, Kind
from voicebot.privacy.spoken_digits import Run, runs

_MOBILE = re.compile(r"01[016789]|821[016789]|0505|0507|0504|0502|0503|0506")
_NUMBERS: dict[Kind, tuple[int, int]] = {
    "phone": (7, 15),
    "account": (7, 20),
    "card": (8, 19),
    "resident": (6, 14),
    "secret": (3, 12),
    "document": (7, 14),
    "birth": (6, 8),
    "plate": (6, 8),
}
"""How many digits, at least and at most, what a cue tells of has."""
_LONG = 11
"""Digits that, said or grouped without a word of what they are, tell of an account more likely than of anything else."""
_ACCOUNT_GROUPS = re.compile(r"\d{2,6}-\d{2,6}-\d{2,7}(?:-\d{1,4})?(?![-\d])")
_LAST_DIGITS = re.compile(
    r"(?:뒷 ?자리|뒷 ?번호|끝 ?자리|끝 ?번호|가운데 ?자리|last (?:four|4)|ends? (?:in|with)|ending in)", re.I
)
_ENDING = re.compile(r"에요|예요|요|고|라고|며|네요|죠|거든|니까|야|랑|나|에|고요|구요|ㅂ니다|[^가-힣]|$")
_BORN = re.compile(r" ?(?:년 ?)?생(?![각일])|에? ?(?:태어|출생)")


def resident_number(digits: str) -> bool:
    """Whether 13 digits can be a resident or foreign registration number."""
    if len(digits) != 13 or digits[6] == "9" or digits[6] == "0":
        return len(digits) == 13 and _is_date(digits[:6], 1800)
    return _is_date(digits[:6], 1900 if digits[6] in "1256" else 2000)


def has_check_digit(digits: str) -> bool:
    """Whether the check digit of 13 holds, as in numbers given out before October 2020."""
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
    foreign = 2 if digits[6] in "5678" else 0
    return ((11 - total % 11) % 10 + foreign) % 10 == int(digits[12])


def luhn(digits: str) -> bool:
    """Whether a card's check digit holds."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _is_date(six: str, century: int) -> bool:
    year, month, day = century + int(six[:2]), int(six[2:4]), int(six[4:])
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def find_numbers(text: str, cues: Cues, language: str, kept: Sequence[int] = ()) -> Iterator[Found]:
    """The personal numbers of a text. `kept`: lengths of the harmless number that was asked for."""
    found = [_without_ending(text, run) for run in runs(text)]
    for index, run in enumerate(found):
        before_end = found[index - 1].ends[-1] if index else 0
        after_start = found[index + 1].starts[0] if index + 1 < len(found) else len(text)
        cue = cues.before(run.starts[0], before_end) or cues.after(run.ends[-1], after_start)
        if cue is None and index:
            cue = cues.before(run.starts[0])
        yield from _in_run(text, run, cue, language, kept)


def _without_ending(text: str, run: Run) -> Run:
    """Figures, and an ending that looks like a 2: "010-1234-5678이에요"."""
    last = len(run.digits) - 1
    ends_in_two = text[run.starts[last] : run.ends[last]] == "이" and run.ends[last - 1] == run.starts[last]
    if not (ends_in_two and text[run.starts[last] - 1].isdigit() and _ENDING.match(text, run.ends[last])):
        return run
    return Run(run.digits[:last], run.starts[:last], run.ends[:last], run.first_of_group[:last], run.spoken, run.plus)


def _in_run(text: str, run: Run, cue: Cue | None, language: str, kept: Sequence[int]) -> Iterator[Found]:
    digits = run.digits
    total = len(digits)
    if cue == "number":
        cue = None  # which one, it doesn't say
    if cue is None and total in kept and not _MOBILE.match(digits):
        return
    exact = _by_shape(text, run, cue, language)
    if exact is not None:
        kind, first, last = exact
        yield Found(kind, *_with_rest(text, run, first, last))
        return
    if cue in _NUMBERS:
        least, most = _NUMBERS[cue]
        if cue == "birth" and total > most:
            return
        if cue == "phone" and total < least and total >= 3:
            before = text[max(0, run.starts[0] - 24) : run.starts[0]]
            if not _LAST_DIGITS.search(before):
                return
        elif total < least:
            return
        yield Found(cue, *run.span(0, total - 1))
        return
    if total in (6, 8) and _BORN.match(text, run.ends[-1]) and _is_date(digits[-6:], 1900):
        yield Found("birth", *run.span(0, total - 1))
        return
    if cue == "harmless" or cue == "address":
        return
    if (_MOBILE.match(digits) and total >= 8) or (digits.startswith("02") and run.spoken and total >= 9):
        yield Found("phone", *run.span(0, total - 1))
    elif total >= _LONG or (total >= 10 and _ACCOUNT_GROUPS.match(text, run.starts[0])):
        yield Found("account", *run.span(0, total - 1))


def _by_shape(text: str, run: Run, cue: Cue | None, language: str) -> tuple[Kind, int, int] | None:
    """What part of the run is personal whatever stands beside it: its kind, first and last digit."""
    begins = [index for index, first in enumerate(run.first_of_group) if first]
    ends = {index - 1 for index in begins} | {len(run.digits) - 1}
    if text[run.starts[-1] : run.ends[-1]] == "이":
        ends.add(len(run.digits) - 2)  # of an ending: "오육칠팔이에요"
    inside = ends if not run.spoken else ends | set(range(len(run.digits)))
    for first in begins:
        for kind, size in _whole(run, first, cue, language):
            last = first + size - 1
            if last in ends:
                return kind, first, last
        for kind, size in _whole(run, first, cue, language):
            last = first + size - 1
            if last in inside and (kind == "phone") and _MOBILE.match(run.digits, first):
                return kind, first, last
    return None


def _whole(run: Run, first: int, cue: Cue | None, language: str) -> Iterator[tuple[Kind, int]]:
    rest = run.digits[first:]
    harmless = cue in ("harmless", "account", "secret")
    grouped = len(run.groups) > 1
    if resident_number(rest[:13]) and (not harmless or grouped or has_check_digit(rest[:13])):
        yield "resident", 13
    for size in (16, 15, 14):
        card = rest[:size]
        if len(card) == size and card[0] in "23456" and luhn(card) and (not harmless or grouped) and cue != "account":
            yield "card", size
    if cue == "account" and not _MOBILE.match(rest):
        return
    for size in range(min(len(rest), 13), 7, -1):
        number = ("+" if run.plus and first == 0 else "") + rest[:size]
        if phone_number(number, language == "en") is None:
            continue
        if _MOBILE.match(rest) or number[0] == "+":
            if first == 0 or cue != "harmless":
                yield "phone", size
        elif harmless:
            continue
        elif size == 8 and not (cue == "phone" or (grouped and run.first_of_group[first + 4])):
            continue  # eight digits from 15 to 18 on: a nationwide number only where it is said like one
        else:
            yield "phone", size


def _with_rest(text: str, run: Run, first: int, last: int) -> tuple[int, int]:
    """The span, with what is left of a run: a correction, or a part that was said twice."""
    end = len(run.digits) - 1
    if not run.spoken and first >= 6:
        return run.span(first, last)  # two numbers in a list: the other one is not this one's
    if end - last == 1 and run.first_of_group[end] and text[run.starts[end] : run.ends[end]] in "이일":
        end = last  # "... 이 번호로"
    return run.span(0, end)
