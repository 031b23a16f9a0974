"""Where one utterance may hold several requests: at the connectives that join clauses in Korean and in English.

Not at the end of a sentence, nor behind -는데: what stands before is mostly the background of what stands behind.
"""

from __future__ import annotations

import re

_SHORTEST = 2
"""Characters, spaces not counted, that a clause has at least."""
_MOST = 4
"""Clauses looked at: each is understood by itself, which takes its time."""

# Behind -고 an auxiliary makes one predicate (하고 싶어요, 하고 있어요, 하고 계세요): no boundary there.
_AUXILIARY = r"(?!\s*(?:싶|있|계|보니|말))"
_BOUNDARY = re.compile(
    r"(?<=[가-힣]고) 나서\s+|(?<=[가-힣]) 다음에\s+"
    r"|(?<=[가-힣])[.?!,]?\s+(?:그리고|그리구|또한?|그러고 나서|그다음에?|그 다음에?|아니면)\s+"
    rf"|(?<=[하받꾸르되보내치]고)(?:요|,)?{_AUXILIARY}\s+"
    r"|[.?!,]?\s+(?:and then|and also|and|then|also|plus|as well as)\s+",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^(?:그리고|그리구|또|and|then|also)\s+", re.IGNORECASE)


def clauses(text: str) -> list[str]:
    """The parts of a normalised text that may each be a request, in order; one part where there is no boundary.

    Only a proposal: a part counts if it is understood by itself.
    """
    parts = [_OPENING.sub("", part.strip()).strip(" ,.?!;") for part in _BOUNDARY.split(text)]
    long_enough = [part for part in parts if len(part.replace(" ", "")) >= _SHORTEST]
    return long_enough[:_MOST]
