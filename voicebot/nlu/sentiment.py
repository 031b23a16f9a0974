"""How a caller feels, as far as the words tell: a lexicon, negation, intensifiers. Deterministic and quick.

Valence and arousal as in Russell's circumplex (A circumplex model of affect, 1980). The numbers of the cues and of the
rules here were set by hand and tried on the sentences of `tests/nlu/sentiment_ko.tsv` and `sentiment_en.tsv`. Of those
that they were never mended for (`sentiment_unseen_*.tsv`) about eight in ten get their band, the others are neutral.
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
        if self.valence <= -0.48 and self.arousal >= 0.55:
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


_INTENSE_VALENCE, _INTENSE_AROUSAL = 1.5, 0.12
_SOFT_VALENCE, _SOFT_AROUSAL = 0.75, 0.2
_FURTHER_AROUSAL = 0.08
_SAME_KIND = 0.5
"""What a further cue of the same kind weighs."""
_EXCLAMATION_AROUSAL = 0.06
_MISHEARD = 0.85
"""A phrase that was recognised by its sound only weighs this much."""
_OVERTAKEN = 0.4
"""What a cue still weighs where the caller went on to the opposite: "답답했는데 이제 다행이네요"."""
_AFTER_RESULT = 2.0
"""Thanks for something that was done are meant; else they are manners."""

# Korean, around a cue in text without spaces. 편안, 불안, 미안, 동안, ... end in 안 and negate nothing. A denial has
# 건 or an adnominal of the past ("화난 거 아니에요"); "너무하시는 거 아니에요" is no denial.
_KO_NOT_BEFORE = re.compile(r"(?<![편불미제방보동치대무천])(?:안|못)$")
_KO_NOT_AFTER = re.compile(
    r"[가-힣]{0,2}?지(?:는|도|가|를)?(?:않|안(?!내)|못)"
    r"|[가-힣]{0,2}?(?:까지|정도)는아[니닌닙]"
    r"|[가-힣]{0,2}?(?:건|것은|거는|게|(?<!는)거)(?:는|은|도)?(?:아니|아닙|아녜)"
    r"|(?:은|는|이|가|도)?(?:별로|전혀|하나도)?(?:없(?!나|으면)|아니에|아닙|아녜|아니고)"
)
_KO_SOFTENED = re.compile(r"[가-힣]{0,2}?긴(?:하|한|해)")
_KO_CONDITION = re.compile(r"(?:면|뭐가|뭘|어떤게|어느게|어떤것이|언제가)$")
_EN_NOT = re.compile(
    r"(?:\b(?:not|never(?! mind)|hardly|barely|cannot|without|nothing|neither|nor|dont|cant)|n't)\b(?! only)|\bno$"
)
_EN_CONDITION = re.compile(r"\b(?:would|could|if|it'd|that'd|i'd|we'd|please)(?: \w+){0,3} $")
_NEGATIONS = {"ko": re.compile("[안않못]"), "en": _EN_NOT}
"""Where one of these stands, a phrase recognised by its sound only proves nothing good."""


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
    found = _without_overlaps(matches(seen, words))
    effects = [effect for match in found if (effect := _effect(match, seen, words, after_result))]
    if not effects:
        return Feeling()
    # Not those inside a cue: "너무하네요".
    intense = any(
        all(hit.end() <= match.start or hit.start() >= match.end for match in found)
        for hit in words.intensifiers.finditer(seen.text)
    )
    last = _last_sign(effects)
    glad = angry = 0.0
    """How far the text is good and bad, 0 to 1."""
    arousal = CALM
    further = 0.0
    kinds: list[str] = []
    for effect in effects:
        valence, rise = effect.valence, effect.arousal - CALM
        if intense and effect.kind != "thanks" and abs(valence) >= 0.2:
            valence *= _INTENSE_VALENCE
        if last * valence < 0:
            valence *= _OVERTAKEN
            rise *= _OVERTAKEN
        if effect.kind in kinds:
            valence *= _SAME_KIND
        if kinds and abs(effect.valence) >= 0.25:
            further += _FURTHER_AROUSAL * (_SAME_KIND if effect.kind in kinds else 1.0)
        if valence > 0:
            glad = 1 - (1 - glad) * (1 - min(valence, 0.95))
        else:
            angry = 1 - (1 - angry) * (1 - min(-valence, 0.95))
        arousal = max(arousal, CALM + rise)
        if effect.kind not in kinds:
            kinds.append(effect.kind)
    if any(abs(effect.valence) >= 0.25 for effect in effects):
        arousal += further + _INTENSE_AROUSAL * intense + _EXCLAMATION_AROUSAL * min(normal.count("!"), 3)
    # Manners do not make up for a complaint.
    valence = glad - angry if angry < 0.2 else -angry + 0.3 * glad
    return Feeling(round(max(-1.0, valence), 3), round(min(1.0, arousal), 3), tuple(kinds))


@dataclass(frozen=True)
class _Effect:
    """What a cue shows where it stands."""

    kind: str
    valence: float
    arousal: float


def _effect(match: Match, seen: PlainText, words: Lexicon, after_result: bool) -> _Effect | None:
    cue = match.cue
    weight = _MISHEARD if match.misheard else 1.0
    good = cue.valence > 0
    if match.misheard:
        if good and _NEGATIONS["en" if words.spaced else "ko"].search(seen.text):
            return None
    elif cue.kind != "thanks" and _negated(match, seen, words):
        # "Not good" is bad, though less than "bad" can be; "not bad" is hardly good.
        if good:
            return _Effect("dissatisfaction", -max(0.42, 0.8 * cue.valence), 0.42)
        return _Effect("agreement", 0.12, CALM)
    if good and _conditional(match, seen, words):
        return None
    if cue.kind == "thanks" and after_result:
        weight *= _AFTER_RESULT
    arousal = cue.arousal
    if words.softener.search(seen.text[: match.start]) or _KO_SOFTENED.match(seen.text, match.end):
        weight *= _SOFT_VALENCE
        arousal = max(CALM, arousal - _SOFT_AROUSAL)
    return _Effect(cue.kind, cue.valence * weight, arousal)


def _without_overlaps(found: list[Match]) -> list[Match]:
    """Of matches that share words, the strongest; of one kind in one place, one."""
    kept: list[Match] = []
    for match in sorted(found, key=lambda match: -abs(match.cue.valence)):
        if all(match.end <= other.start or match.start >= other.end for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: match.start)


def _last_sign(effects: list[_Effect]) -> int:
    """Whether the caller ended on good (1) or bad (-1); 0 where nothing was felt. Manners and agreement don't count."""
    signs = [effect.valence for effect in effects if abs(effect.valence) > 0.2]
    return 0 if not signs else 1 if signs[-1] > 0 else -1


def _negated(match: Match, seen: PlainText, words: Lexicon) -> bool:
    before = seen.text[: match.start]
    if not words.spaced:
        return bool(_KO_NOT_BEFORE.search(before) or _KO_NOT_AFTER.match(seen.text, match.end))
    return bool(_EN_NOT.search(" ".join(before.split()[-4:])))


def _conditional(match: Match, seen: PlainText, words: Lexicon) -> bool:
    """Whether something good is only wished or asked for: "빨리 오면 좋겠어요", "that would be great"."""
    before = seen.text[: match.start]
    return bool((_EN_CONDITION if words.spaced else _KO_CONDITION).search(before))
