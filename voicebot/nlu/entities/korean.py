"""All Korean rules."""

from __future__ import annotations

import re

from voicebot.nlu.entities.grammar import Grammar
from voicebot.nlu.entities.korean_answers import answers, refused
from voicebot.nlu.entities.korean_dates import dates
from voicebot.nlu.entities.korean_digits import digit_strings
from voicebot.nlu.entities.korean_numbers import amounts, counts, items, numbers, ordinals, shares
from voicebot.nlu.entities.korean_times import durations, times

KOREAN = Grammar(
    rules=(answers, digit_strings, amounts, dates, times, durations, counts, items, ordinals, shares, numbers),
    between_date_and_time=re.compile(r" ?(?:에|날|의|,)? ?(?:한 ?|약 ?)?"),
    refused=refused,
)
