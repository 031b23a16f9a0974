"""All Korean rules."""

from __future__ import annotations

import re

from voicebot.nlu.entities.grammar import Rule
from voicebot.nlu.entities.korean_answers import answers, refused
from voicebot.nlu.entities.korean_dates import dates
from voicebot.nlu.entities.korean_digits import digit_strings
from voicebot.nlu.entities.korean_numbers import amounts, counts, items, numbers, ordinals, shares
from voicebot.nlu.entities.korean_times import durations, times

__all__ = ["BETWEEN_DATE_AND_TIME", "RULES", "refused"]

RULES: tuple[Rule, ...] = (
    answers,
    digit_strings,
    amounts,
    dates,
    times,
    durations,
    counts,
    items,
    ordinals,
    shares,
    numbers,
)
BETWEEN_DATE_AND_TIME = re.compile(r" ?(?:에|날|의|,)? ?(?:한 ?|약 ?)?")
