"""How a caller feels, as far as the words tell: a lexicon, negation, intensifiers. Deterministic and quick.

Valence and arousal as in Russell's circumplex (A circumplex model of affect, 1980). The numbers of the cues and of the
rules here were set by hand and tried on the sentences of `tests/nlu/sentiment_ko.tsv` and `sentiment_en.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from voicebot.nlu.normalise import normalise
from voicebot.nlu.sentiment_lexicon import Lexicon, Match, PlainText, lexicon, matches, plain

Band = Literal["angry", "displeased", "neutral", "glad"]

CALM = 0.2
"""Arousal of a text without any cue."""


@dataclass(frozen=True)
class Feeling:
    """How a caller feels."""

    valence: float = 0.0
    """-1, as bad as can be, to 1."""
    arousal: float = CALM
    """0, calm, to 1."""
    cues: tuple[str, ...] = ()
    """What it was told from, kinds of `sentiment_lexicon.KINDS` and of `sentiment_turns`; never the caller's words."""
    trend: float = 0.0
    """How the valence has been moving over the last turns: below 0 it gets worse. 0 for a single text."""

    @property
    def band(self) -> Band:
        """The feeling in one word."""
        if self.valence <= -0.45 and self.arousal >= 0.55:
            return "angry"
        if self.valence <= -0.2:
            return "displeased"
        return "glad" if self.valence >= 0.3 else "neutral"

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "cues": list(self.cues)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Feeling:
        """The feeling that `to_json` made `data` of. Raises ValueError where it is no such thing."""
        try:
            return cls(**{**data, "cues": tuple(map(str, data["cues"]))})
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a feeling: {error}") from None


_INTENSE_VALENCE, _INTENSE_AROUSAL = 1.4, 0.12
_MORE_CUES_AROUSAL = 0.08
_EXCLAMATION_AROUSAL = 0.06
_MISHEARD = 0.85
"""A phrase that was recognised by its sound only weighs this much."""
_OVERTAKEN = 0.4
"""What a cue still weighs where the caller went on to the opposite: "답답했는데 이제 다행이네요"."""
_AFTER_RESULT = 2.0
"""Thanks for something that was done are meant; else they are manners."""

# Korean, around a cue in text without spaces. 편안, 불안, 미안, 동안, ... end in 안 and negate nothing.
_KO_NOT_BEFORE = re.compile(r"(?<![편불미제방보동치대])(?:안|못)$")
_KO_NOT_AFTER = re.compile(
    r"[가-힣]{0,2}?(?:지는|지도|지가|지를|지|질|진)(?:를)?(?:않|안(?!내)|못|마)"
    r"|(?:은|는|이|가|도|한|난|인|할)?(?:건|것은|거는|게|거|것이|것도)?(?:는|은|도|가)?(?:아니(?!라고|라니|고요)|아닙|아녜|없(?!나|으면))"
)
_KO_CONDITION = re.compile(r"(?:면|뭐가|뭘|어떤게|어느게|어떤것이|언제가)$")
_EN_NOT = re.compile(
    r"(?:\b(?:not|never|no|hardly|barely|cannot|without|nothing|neither|nor)|n't|\bcant|\bdont)\b(?! only)"
)
_EN_CONDITION = re.compile(r"\b(?:would|could|if|it'd|that'd|i'd|we'd|please)(?: \w+){0,3} $")
_GLAD_IN_ITSELF = re.compile(
    r"can't complain|couldn't be|not bad|no (?:problem|worries)|no (?:good|help|use|respect)|not "
)


def words_feeling(text: str, language: str, *, after_result: bool = False) -> Feeling:
    """The feeling that the words of one utterance show.

    `language` is `ko` or `en`; words of any other show nothing. `after_result`: the bot has just told or done what the
    caller wanted, so that thanks are more than manners. Never raises; below a millisecond.
    """
    words = lexicon(language)
    if words is None:
        return Feeling()
    normal = normalise(text)
    seen = plain(normal, words)
    glad = angry = 0.0
    """How far the text is good and bad, 0 to 1."""
    arousal = CALM
    kinds: list[str] = []
    found = _without_overlaps(matches(seen, words))
    last_sign = _last_sign(found)
    intense = words.intensifiers.search(seen.text) is not None
    for match in found:
        cue = match.cue
        valence = cue.valence * (_MISHEARD if match.misheard else 1.0)
        rise = cue.arousal - CALM
        if _negated(match, seen, words):
            # "Not good" is bad, though less than "bad"; "not bad" is hardly good.
            valence = -0.9 * max(valence, 0.45) if valence > 0.25 else -0.3 * valence if valence < 0 else -0.1
            rise *= 0.6 if cue.valence > 0 else 0.0
            kind = "dissatisfaction" if cue.valence > 0 else "agreement"
        elif cue.valence > 0 and _conditional(match, seen, words):
            continue
        else:
            kind = cue.kind
            if kind == "thanks" and after_result:
                valence *= _AFTER_RESULT
        if intense and abs(valence) >= 0.2:
            valence *= _INTENSE_VALENCE
        if last_sign * valence < 0:
            valence *= _OVERTAKEN
            rise *= _OVERTAKEN
        if valence > 0:
            glad = 1 - (1 - glad) * (1 - min(valence, 0.95))
        else:
            angry = 1 - (1 - angry) * (1 - min(-valence, 0.95))
        arousal = max(arousal, CALM + rise)
        if kind not in kinds:
            kinds.append(kind)
    if not kinds:
        return Feeling()
    strong = sum(abs(match.cue.valence) >= 0.25 for match in found)
    if strong:
        arousal += _MORE_CUES_AROUSAL * (strong - 1) + _INTENSE_AROUSAL * intense
        arousal += _EXCLAMATION_AROUSAL * min(normal.count("!"), 3)
    # Manners do not make up for a complaint.
    valence = glad - angry if angry < 0.2 else -angry + 0.3 * glad
    return Feeling(round(max(-1.0, valence), 3), round(min(1.0, max(0.0, arousal)), 3), tuple(kinds))


def _without_overlaps(found: list[Match]) -> list[Match]:
    """Of matches that share words, the strongest; of one kind in one place, one."""
    kept: list[Match] = []
    for match in sorted(found, key=lambda match: -abs(match.cue.valence)):
        if all(match.end <= other.start or match.start >= other.end for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: match.start)


def _last_sign(found: list[Match]) -> int:
    """Whether the caller ended on good (1) or bad (-1); 0 where nothing was felt. Manners and agreement don't count."""
    signs = [match.cue.valence for match in found if abs(match.cue.valence) > 0.2]
    return 0 if not signs else 1 if signs[-1] > 0 else -1


def _negated(match: Match, seen: PlainText, words: Lexicon) -> bool:
    before, after = seen.text[: match.start], seen.text[match.end :]
    if not words.spaced:
        return bool(_KO_NOT_BEFORE.search(before) or _KO_NOT_AFTER.match(after))
    if _GLAD_IN_ITSELF.match(seen.text[match.start : match.end]):
        return False
    return bool(_EN_NOT.search(" ".join(before.split()[-4:])))


def _conditional(match: Match, seen: PlainText, words: Lexicon) -> bool:
    """Whether something good is only wished or asked for: "빨리 오면 좋겠어요", "that would be great"."""
    before = seen.text[: match.start]
    return bool((_EN_CONDITION if words.spaced else _KO_CONDITION).search(before))
