"""All English rules."""

from __future__ import annotations

import re

from voicebot.nlu.entities.english_answers import answers, refused
from voicebot.nlu.entities.english_dates import dates
from voicebot.nlu.entities.english_numbers import amounts, counts, digit_strings, numbers, ordinals, shares
from voicebot.nlu.entities.english_times import durations, times
from voicebot.nlu.entities.grammar import Rule

__all__ = ["BETWEEN_DATE_AND_TIME", "RULES", "refused"]

RULES: tuple[Rule, ...] = (answers, digit_strings, amounts, dates, times, durations, counts, ordinals, shares, numbers)
BETWEEN_DATE_AND_TIME = re.compile(r",? ?(?:(?:at|on|around|about|by) )?")
