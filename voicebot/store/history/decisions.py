"""What the decisions of a dialogue count as. KPIs and the calls' own numbers use these sets and no others."""

from __future__ import annotations

UNMATCHED = ("no_match", "not_heard", "wrong_keys")
"""The caller said or keyed something, and it was not understood."""
SILENT = ("no_input",)
"""The caller had the floor and said nothing."""
RATING = ("rating", "rating_passed", "remark")
"""Answers, or none, to the question at the end how well the caller was helped: no part of the conversation."""
IGNORED = ("went on: a backchannel", "ignored: under the bot's voice", "ignored: noise", "while waiting", "", *RATING)
"""Not taken for a turn: neither understood nor not."""
CORRECTION = "correction"
UPSET = ("angry", "displeased")
"""Feelings of callers who are not content."""
BOT_ENDED = ("hang_up", "caller_left")
"""Outcomes of calls that stayed with the bot."""
REPEAT_DAYS = 7
"""A caller who calls again within so many days was not helped for good the first time."""
SATISFIED = 4
"""Of five: a rating from which a caller counts as satisfied."""
