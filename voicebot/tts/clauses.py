"""Where a long sentence can be begun before the whole of it is made."""

from __future__ import annotations

import re

_LONG = {"ko": 36}
_LONG_SENTENCE = 72
"""Characters (Korean: 36) above which a new sentence is begun with its first clause: five seconds of speech, for which
Piper takes 0.3 s of a core and Kokoro ten times as long."""
_SHORTEST = {"ko": 8}
_SHORTEST_CLAUSE = 16
"""Characters (Korean: 8) that a clause has at least: shorter ones sound chopped."""
_LONGEST_CLAUSE = 90
_COMMA = re.compile(r"(?<!\d)[,;:](?=\s)|(?<=\d)[,;:](?=\s+[^\d\s])")
_JOINT = {
    "ko": re.compile(
        r"(?<=[가-힣])(?:지만|는데|은데|니까|면서|거나|으며|하며|하고|되고|으면|하면|되면|시면|려면)(?=\s)"
    ),
    "en": re.compile(r"(?=\s(?:and|but|because|so|if|when|while|which|unless|or)\s)"),
}
"""Where speakers take a breath without a comma: behind Korean connective endings, before English conjunctions."""


def first_clause(sentence: str, language: str) -> tuple[str, str]:
    """The first clause of a long sentence and the rest of it; the sentence and nothing where it is short or all one.

    Sentences with markup are left whole: a tag may reach over the clause's end.
    """
    if len(sentence) <= _LONG.get(language, _LONG_SENTENCE) or "<" in sentence:
        return sentence, ""
    shortest = _SHORTEST.get(language, _SHORTEST_CLAUSE)
    for pattern, least in ((_COMMA, shortest), (_JOINT.get(language), 2 * shortest)):
        for match in pattern.finditer(sentence) if pattern is not None else ():
            first, rest = sentence[: match.end()].strip(), sentence[match.end() :].strip()
            if len(first) > _LONGEST_CLAUSE:
                break
            if len(first) >= least and len(rest) >= shortest:
                return first, rest
    return sentence, ""
