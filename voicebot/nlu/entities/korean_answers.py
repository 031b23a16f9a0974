"""Yes and no in Korean, in all their politeness, and values that are refused ("2번이 아니라 3번")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.nlu.entities.grammar import Candidate, Context

_END = r"(?![가-힣A-Za-z0-9])"
_INTERJECTION_YES = (
    r"(?:네|예|넵|넹|넴|옙|예압|응|으응|엉|웅|음 ?네|어|그래|그럼|오케이|오키|ok|OK|Ok|ㅇㅇ|ㅇㅋ"
    r"|ㄴㄴ네|콜|예스|예쓰|당연)+"
)
_INTERJECTION_NO = r"(?:아니요|아니오|아뇨|아녀|아니여|아뇽|아니|노|놉|노노|ㄴㄴ|싫어|됐어|땡)+"
_POLITE = "(?:요|여|용)?"
_WORD_YES = (
    r"(?:맞(?:아|어|습니다|네|는데|는 ?것 ?같아|는 ?거 ?같아|는 ?것 ?같습니다|죠|지|고|구|음|다)"
    r"|그렇(?:습니다|죠|지|네|다|고 ?말고)|그래|그러(?:세|십시오|셔도 ?(?:돼|됩니다)|시죠|죠|지 ?뭐|자)|그럼|그럴게"
    r"|그렇게 ?(?:해 ?(?:주세|줘|주십시오)|할게|하죠|하세|부탁드려|부탁드립니다|진행해 ?주세)"
    r"|당연(?:하죠|하지|합니다|히)|물론(?:이죠|이지|입니다|이에)?|좋(?:아|습니다|죠|지|네|은데|을 ?것 ?같아)"
    r"|정확(?:해|합니다|하네|하게 ?맞아)|확실(?:해|합니다)|알겠(?:어|습니다)|알았어|동의(?:해|합니다|할게)|오케이"
    r"|예스|옳(?:아|습니다)|확인(?:했어|했습니다|이)|틀림 ?없(?:어|습니다)|왜 ?아니겠어|바로 ?그거(?:예|에)"
    r"|문제 ?없(?:어|습니다))"
)
_WORD_NO = (
    r"(?:아니(?:에|예|야|거든|ㅂ니다|라고|라니까|구|고|죠|지|네|란 ?말이)|아닙니다|아닌데|아닌 ?것 ?같아"
    r"|아닌 ?거 ?같아|아닌 ?것 ?같습니다|아녜|아닐걸|틀(?:려|렸어|렸습니다|립니다|렸네|렸는데|린데|린 ?것 ?같아"
    r"|린 ?거 ?같아)|싫(?:어|습니다|은데)|됐(?:어|습니다|고|거든|는데)|되었습니다"
    r"|(?:그건 |그게 |전혀 |절대 )?안 ?(?:돼|됩니다|되는데|해|할게|할래|할 ?거|합니다|하겠습니다|하려고|그래"
    r"|그렇습니다|필요해|원해)|(?:맞|그렇|좋|하|원하)지 ?(?:않|안)(?:아|습니다|은데)"
    r"|필요 ?(?:없|업)(?:어|습니다|는데|을 ?것 ?같아)|사양할게|사양하겠습니다"
    r"|(?:다음에|나중에) ?(?:할게|하겠습니다|할래)|그만(?:할게|둘게|할래)|하지 ?(?:마세|말아 ?주세|마)|말아 ?주세"
    r"|안 ?맞(?:아|습니다|는데|네)|다(?:른데|릅니다|르네)|없(?:어|습니다|는데)|원치 ?않(?:아|습니다)"
    r"|잘못됐(?:어|습니다|는데)|별로(?:예|네|인데)?)"
)
_ASKED_YES = (
    r"(?:(?:꼭 |바로 |그냥 |빨리 |그대로 )?(?:해 ?(?:주세|줘|주십시오|주시겠어|주셔)|할게|할래"
    r"|하겠습니다|하죠|합니다|하고 ?싶어|진행(?:해 ?주세|할게|하겠습니다|시켜 ?주세)|부탁(?:드려|드립니다"
    r"|드릴게|해|합니다)|원해|원합니다|필요해|필요합니다|있(?:어|습니다)|돼|됩니다|되죠|가능(?:해|합니다)"
    r"|네 ?개?))"
)
_FINE = r"(?:괜찮(?:아|습니다|은데|을 ?것 ?같아|네|을 ?거 ?같아))"
_GAP = re.compile(r"[ ,.!~]{0,3}(?:(?:그게|그건|그거|그것|저는|제가|좀|그) ){0,2}")
_RUN = re.compile(
    rf"(?:(?P<fine>{_FINE}{_POLITE})|(?P<word_no>{_WORD_NO}{_POLITE})|(?P<word_yes>{_WORD_YES}{_POLITE})"
    rf"|(?P<no>{_INTERJECTION_NO}(?:요)?)|(?P<yes>{_INTERJECTION_YES}(?:요)?)|(?P<asked>{_ASKED_YES}{_POLITE})){_END}"
)
_OPENING = re.compile(
    r"(?:[ ,.!~?]|음+|어+(?=[ ,.])|아+(?=[ ,.])|저기요?|저(?=[ ,.])|그게|글쎄요?"
    r"|뭐|그건|그거|다|제가|다 |전부|정말|진짜|아직|딱히|그냥|이대로|지금|더|이제|일단|특별히|거기|여기|이거"
    r"|저는|전|주소|번호|이름|그 번호|그 주소|아주|잘|모두|좀|안녕하세요|여보세요|그 ?정도면|그것도|그걸로"
    r"|이걸로|그렇게)*(?:이|가|은|는|도)? ?"
)
_AFTER_VALUE = re.compile(
    r" ?(?:이|가|은|는)? ?(?:아니라|아니고|아니구|말고|아니에요|아니예요|아닙니다|아니야|아닌데|아녜요"
    r"|아니었|아니요(?=[ ,]+\S)|대신(?= )|안 ?(?:돼|되|됩|돼요)|빼고)"
)
_AFTER_DAY = re.compile(
    r" ?(?:은|는|이|가|에는|엔|에)? ?(?:아니라|아니고|말고|아니에요|아니예요|아닙니다|아니야|안 ?"
    r"(?:돼|되|됩)|못 ?(?:가|해|와|받)|어렵|힘들|곤란)"
)

_WEAK = ("어", "그럼", "그래", "아니", "노", "당연", "음")
"""Answers only where nothing else is said, or a yes or no is asked."""


def answers(text: str, context: Context) -> Iterator[Candidate]:
    """The yes or no at the start of an utterance. Of several, what is said outweighs an interjection, and later
    outweighs earlier: "네, 틀렸어요" and "아니, 잠깐, 네" are no and yes."""
    asked = context.expected.get("yes_no")
    opening = _OPENING.match(text)
    position = opening.end() if opening else 0
    found: list[tuple[bool, bool, int, int]] = []
    match = _RUN.match(text, position) or _RUN.match(text)
    if match is None and asked and (late := list(_RUN.finditer(text))):
        match = next((one for one in late if one["word_no"] or one["word_yes"] or one["no"]), None)
        if match and match.start() and text[match.start() - 1] not in " ,.!~?":
            match = None
    while match:
        value = _value(match, asked.offer if asked else None, asked is not None, any(not one[0] for one in found))
        if value is not None:
            found.append((value, not (match["yes"] or match["no"]), *match.span()))
        gap = _GAP.match(text, match.end())
        match = _RUN.match(text, gap.end() if gap else match.end())
    if not found:
        return
    content = [one for one in found if one[1]] or found
    value = content[-1][0]
    agreeing = [one for one in found if one[0] == value]
    bare = len(found) == 1 and text[found[0][2] : found[0][3]] in _WEAK
    if bare and not asked and found[0][3] < len(text.rstrip(" .!?~")):
        return
    start, end = agreeing[0][2], agreeing[-1][3]
    if any(one[0] != value and start < one[2] < end for one in found):
        start = agreeing[-1][2]
    yield Candidate("yes_no", value, start, end)


def _value(match: re.Match[str], offer: bool | None, asked: bool, refused_before: bool) -> bool | None:
    if match["fine"]:
        return None if offer is None else not offer
    if match["asked"]:
        return True if asked and not refused_before else None
    if match["word_no"] and re.match("없|별로|다[른릅르]|(?:다음|나중)", match["word_no"]) and not asked:
        return None
    return bool(match["yes"] or match["word_yes"])


def refused(text: str, candidate: Candidate) -> bool:
    """Whether the words behind a value refuse it ("X가 아니라 Y"). To cancel a thing is not to refuse its number."""
    pattern = _AFTER_DAY if candidate.type in ("date", "time", "datetime", "date_range") else _AFTER_VALUE
    return pattern.match(text, candidate.end) is not None
