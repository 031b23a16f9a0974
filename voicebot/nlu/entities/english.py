"""All English rules."""

from __future__ import annotations

import re

from voicebot.nlu.entities.english_answers import answers, refused
from voicebot.nlu.entities.english_dates import dates
from voicebot.nlu.entities.english_numbers import amounts, counts, digit_strings, numbers, ordinals, shares
from voicebot.nlu.entities.english_times import durations, times
from voicebot.nlu.entities.grammar import Grammar

ENGLISH = Grammar(
    rules=(answers, digit_strings, amounts, dates, times, durations, counts, ordinals, shares, numbers),
    between_date_and_time=re.compile(r",? ?(?:(?:at|on|around|about|by) )?"),
    refused=refused,
)
