"""Yes and no in English, and values that are refused ("not two, three"). Texts are in lower case."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.nlu.entities.grammar import Candidate, Context, words

_YES = (
    r"(?:yes|yeah|yea|yep|yup|yah|aye|uh[- ]?huh|mm[- ]?hmm|mhm|sure"
    r"|sure thing|certainly|definitely|absolutely|of course|indeed"
    r"|affirmative|okay|ok|okey|alright|all right|you bet)"
)
_YES_SAID = (
    r"(?:(?:yes |yeah )?(?:that's|that is|that'?ll be|it's|it is|you're|you are|sounds|looks|all|this is)(?: all"
    r"| absolutely| exactly| quite)? (?:right|correct|it|good|great|fine|perfect|true|okay|ok)|correct|right"
    r"|exactly|precisely|perfect|true|please do|go ahead|do it|let's do (?:it|that)|i do|i would|i'd like that"
    r"|i'd love (?:to|that)|i am|i agree|agreed|why not|by all means|go for it|make it so|no problem|not a problem"
    r"|you got it|i think so|i guess so|i suppose so|proceed|please proceed|confirm(?:ed)?|yes please|please"
    r"|that works|works for me|that would be (?:great|good|nice|fine|lovely)|sounds good to me)"
)
_NO = (
    r"(?:no|nope|nah|naw|negative|no way|never|not at all"
    r"|absolutely not|definitely not|certainly not|of course not"
    r"|uh[- ]uh|nuh[- ]uh)"
)
_NO_SAID = (
    r"(?:no thanks?(?: you)?|not really|not now|not today|not yet|not quite|not exactly"
    r"|not (?:right|correct|true|necessary|needed)|(?:that's|that is|it's|it is|this is|you're"
    r"|you are)(?: (?:all|absolutely|just|completely))? (?:not (?:right|correct|it|true"
    r"|what i (?:said|meant|want|wanted|asked for))|wrong|incorrect|a mistake|all|everything)"
    r"|(?:it|that|they) (?:isn't|aren't|is not)(?=$|[,.!])|it's not(?=$|[,.!])|that isn't (?:right|correct|it|true)"
    r"|that's not it|wrong|incorrect|i don't think so|i don't|i do not|i wouldn't|i'd rather not|i am not|i'm not"
    r"|don't(?: do (?:it|that))?|please don't|do not|never ?mind|forget it|cancel that|i disagree|nothing(?: else)?"
    r"|none|neither|nothing more|that'?ll be all|that will be all|i changed my mind|false|not interested|i'll pass"
    r"|hold on no|i guess not|i suppose not|not for me)"
)
_FINE = (
    r"(?:i'm (?:fine|good|okay|ok|all set|all right|alright)|i am (?:fine|good|okay|ok|all set)|it's okay"
    r"|that's okay|that's alright|it's fine|that's fine|i'm all good|all good|it's all right|fine)"
)
_GAP = re.compile(
    r"[ ,.!;~-]{0,3}(?:(?:and|um+|uh+|well|thanks|thank you|please|sir|ma'am|actually|so|oh)\b[ ,.!]{0,3}){0,3}"
)
_RUN = re.compile(
    rf"(?:(?P<fine>{_FINE})|(?P<no_said>{_NO_SAID})|"
    rf"(?P<yes_said>{_YES_SAID})|(?P<no>{_NO})|(?P<yes>{_YES}))"
    rf"(?P<please>,? (?:please|thanks|thank you))?(?![\w'])"
)
_OPENING = re.compile(
    r"(?:[ ,.!?]|um+\b|uh+\b(?![- ]?(?:huh|uh))|er+\b|well\b|oh\b|so\b|hmm+\b|ah+\b|actually\b|sorry\b|i said\b"
    r"|hello\b|hi\b|i mean\b|honestly\b)*"
)
_NOT_ANSWERS = re.compile(
    r"no (?:one|idea|more|longer|matter|signal|order|refund|delivery|money|news|sound|response|answer|internet)\b"
    r"|never (?:arrived|got|came|received|ordered|did)|right (?:now|away|there|here|after|before)"
    r"|please (?:cancel|change|send|tell|help|give|check|connect|transfer|repeat)|i (?:do|am|would) (?!$|[,.!])"
    r"|i'm not (?=sure|certain|able|happy|receiving|getting)"
    r"|(?:i don't|i do not) (?:know|understand|remember|have|see|get|hear)"
    r"|(?:don't|do not) (?:know|understand|remember|have|send|change)|sure (?:if|whether)"
    r"|wrong (?:item|order|size|color|colour|product|address|one|number|person)|right (?:address|size)|none of"
    r"|nothing (?:came|arrived|works|happened)|fine print|perfect size|true or|cancel that order|all right side"
)
_BEFORE_VALUE = re.compile(
    r"(?:\bnot|\binstead of|\brather than|\bi didn't say|\bisn't|\bwasn't|\bexcept|\banything but|\bno longer"
    r"|\bi don't want|\bchange (?:it )?from)"
    r"(?: (?:on|at|for|in|the|a|size|number|item|option|order|line|room|floor))* ?$"
)
_AFTER_VALUE = re.compile(
    r",? (?:is|was) (?:wrong|incorrect|not right|not what i said|a mistake)"
    r"|,? (?:doesn't|won't|does not|will not) work|,? no,? (?=\w)"
)

_WEAK = words(
    "please, none, nothing, true, false, right, wrong, perfect, confirm, proceed, never, all right, alright, okay, ok, "
    "i do, i am, i don't, don't"
)
"""Answers only where nothing else is said, or a yes or no is asked."""


def answers(text: str, context: Context) -> Iterator[Candidate]:
    """The yes or no at the start of an utterance; a statement outweighs an interjection, later outweighs earlier."""
    asked = context.expected.get("yes_no")
    opening = _OPENING.match(text)
    match = _next(text, opening.end() if opening else 0)
    found: list[tuple[bool, bool, int, int]] = []
    while match:
        value: bool | None = bool(match["yes"] or match["yes_said"])
        offer = asked.offer if asked else None
        if match["fine"]:
            value = None if offer is None else not offer
        weak = match[0] in _WEAK
        if weak and not asked and (found or match.end() < len(text.rstrip(" .!,"))) and not found:
            value = None
        if value is not None and not (match[0] == "please" and found):
            found.append((value, not (match["yes"] or match["no"]), *match.span()))
        gap = _GAP.match(text, match.end())
        match = _next(text, gap.end() if gap else match.end())
    if not found:
        return
    content = [one for one in found if one[1]] or found
    value = content[-1][0]
    agreeing = [one for one in found if one[0] == value]
    start, end = agreeing[0][2], agreeing[-1][3]
    if any(one[0] != value and start < one[2] < end for one in found):
        start = agreeing[-1][2]
    yield Candidate("yes_no", value, start, end)


def _next(text: str, position: int) -> re.Match[str] | None:
    return None if _NOT_ANSWERS.match(text, position) else _RUN.match(text, position)


def refused(text: str, candidate: Candidate) -> bool:
    """Whether the words before or behind a value refuse it ("not X", "X is wrong")."""
    before = max(0, candidate.start - 40)
    return bool(_BEFORE_VALUE.search(text[before : candidate.start]) or _AFTER_VALUE.match(text, candidate.end))
