"""Names of people in English, where the words around say that a person is named. Recognisers write no capitals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.privacy.kinds import Found

FIRST_NAMES = frozenset(
    """
    aaron abigail adam adrian alan albert alex alexander alexandra alice alicia alison amanda amber amelia amy andrea andrew
    angela anita ann anna anne anthony antonio april arthur ashley audrey austin ava barbara beatrice ben benjamin bernard beth
    bethany betty beverly bill billy bob bobby bonnie brad bradley brandon brenda brian bruce bryan caleb cameron carl carla
    carlos carol caroline carolyn catherine cathy charlene charles charlie charlotte chelsea cheryl chloe chris christian
    christina christine christopher cindy claire clara connie craig crystal cynthia daisy dan daniel danielle dave david dawn
    dean deborah debra denise dennis derek diana diane don donald donna dorothy doug douglas dylan edith edward edwin eileen
    elaine eleanor elijah elizabeth ella ellen emily emma eric erica erin ethan eugene eva evan evelyn fiona florence frances
    frank fred frederick gabriel gary gavin george gerald gina gloria gordon grace graham greg gregory hannah harold harriet
    harry heather helen henry holly howard hugh ian irene isaac isabel isabella ivan jack jackson jacob jacqueline jake james
    jamie jane janet janice jared jasmine jason jean jeff jeffrey jennifer jenny jeremy jerry jesse jessica jill jim jimmy joan
    joanna joanne joe joel john johnny jon jonathan jordan jose joseph joshua joy joyce juan judith judy julia julian julie
    justin karen kate katherine kathleen kathy katie keith kelly ken kenneth kevin kim kimberly kyle lana larry laura lauren
    lawrence leah leo leonard leslie lewis liam lillian lily linda lisa logan louis louise lucas lucy luke lydia lynn madison
    maggie marcus margaret maria marie marilyn mario marion mark marta martha martin mary mason matt matthew maurice max megan
    melanie melissa mia michael michelle mike mildred miriam molly monica morgan nancy naomi natalie nathan nathaniel neil
    nicholas nicole nina noah nora norman oliver olivia oscar owen pamela patricia patrick paul paula pauline peggy penny peter
    philip phillip phyllis priya rachel ralph ray raymond rebecca renee rhonda richard rick rita robert robin rodney roger ron
    ronald rosa rose roy russell ruth ryan sally sam samantha samuel sandra sara sarah scott sean sebastian seth shane shannon
    sharon shaun sheila sherry shirley simon sofia sophia sophie spencer stacy stanley stella stephanie stephen steve steven
    stuart sue susan suzanne sylvia tara ted teresa terry thelma theodore theresa thomas tiffany tim timothy tina todd tom tommy
    tony tracy travis trevor tyler valerie vanessa vera veronica vicki victor victoria vincent violet virginia vivian walter
    wanda wayne wendy wesley william wilma xavier yolanda yvonne zachary zoe
    minsu minjun seojun jiho jihoon jiwoo minji jimin yuna seoyeon hayoon jiyoung sujin hyejin eunji jisoo jinwoo sungmin
    taehyung youngsoo hyunwoo dongwook donghyun kyungsoo minho jaehyun yeji soyeon haeun mei wei ahmed mohammed muhammad fatima
    ravi anil sanjay hiroshi yuki kenji
    """.split()
)
_FUNCTION = frozenset(
    """
    a about actually after again also am an and any are as at back be because been before but by call called calling can
    changed correct correctly could different do does doing done email for from getting go going gonna good got had has have
    having he hello hi how i if in incorrect is isn't it just know later left let listed living looking lost me mine misspelled
    missing my named need new no not now number of on one or order ordering our out over phone please problem ready really
    right said same should so sorry speaking spelled spelt still sure thank thanks that the their then there they this to today
    told trying unable under up using very waiting wanting want was we well were what when where which who why will with
    without wondering wrong yes you your yet here happy fine okay ok afraid interested born looking writing at sorry
    """.split()
)
_TOKEN = r"[A-Za-z][A-Za-z'’.-]*"
_TOKENS = re.compile(rf"{_TOKEN}")
_STRONG = re.compile(
    r"\b(?:my|his|her|the|full|first|last|family|given|legal|maiden|account holder(?:'s)?|customer(?:'s)?"
    r"|husband's|wife's|son's"
    r"|daughter's|mother's|father's)? ?(?:full |first |last |legal |sur|maiden |family )?name(?:'s| is|s is|:|"
    r" was| would be|,)? "
    r"(?:(?:on|for|in|of) (?:\w+ ){1,4}?is )?(?:um+,? |uh+,? |er+,? |it's |is )?"
    r"|\bunder (?:the )?name (?:of )?|\b(?:recipient|account holder|beneficiary|cardholder|card holder|addressee"
    r"|payee|passenger)"
    r"(?:'s name)?(?: is|:) |\bin the name of |\bi(?:'m| am) called |\bnamed |\b(?:please )?call me (?!back|at"
    r"|on|when|later|again|in|tomorrow|today|if|to|and|after|before)",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\b(?:i'm|i am|i’m|this is|it's|it is|speaking with|speaking to|name of|dear|hello|hi|thank you|thanks"
    r"|sorry|for|from|to|with),? "
    r"(?:um+,? |uh+,? )?",
    re.IGNORECASE,
)
_TITLE = re.compile(
    rf"\b(?:mr|mrs|ms|miss|mister|missus|dr|doctor|madam|sir)\b\.? (?P<name>{_TOKEN}(?: {_TOKEN})?)", re.IGNORECASE
)
_SPEAKING = re.compile(rf"\b(?P<name>{_TOKEN}(?: {_TOKEN})?) (?:speaking|calling|here)\b", re.IGNORECASE)
_INTRODUCES = frozenset({"i'm", "i am", "i’m", "this is", "it's", "it is"})
_NOT_MY = frozenset("brand product domain file pet street company user item file method model plan branch".split())


def find_english_names(text: str) -> Iterator[Found]:
    """Names behind "my name is", "this is", titles and the like."""
    for match in _STRONG.finditer(text):
        if (before := text[: match.start()].rsplit(" ", 2)[-1].lower()) in _NOT_MY or (before == "user"):
            continue
        if (
            "name" in match[0].lower()
            and re.search(r"\b(?:the)? ?name $", match[0], re.I)
            and not _capital(text, match.end())
        ) and not _starts_with_first_name(text, match.end()):
            continue
        found = _name_at(text, match.end(), sure=True)
        if found:
            yield found
    for match in _WEAK.finditer(text):
        cue = match[0].strip(" ,").lower()
        introduces = cue in _INTRODUCES
        if _starts_with_first_name(text, match.end()) or (introduces and _two_capitals(text, match.end())):
            found = _name_at(text, match.end(), sure=False)
            if found:
                yield found
    for match in _TITLE.finditer(text):
        words = match["name"].split()
        if words[0].lower() in _FUNCTION:
            continue
        whole = len(words) > 1 and (words[1][0].isupper() or words[0].lower() in FIRST_NAMES)
        last = 2 if whole and words[1].lower() not in _FUNCTION else 1
        yield Found("name", match.start("name"), match.start("name") + len(" ".join(words[:last])))
    for match in _SPEAKING.finditer(text):
        words = match["name"].split()
        first = next((n for n, word in enumerate(words) if word.lower() in FIRST_NAMES), None)
        if first is not None:
            yield Found("name", match.start("name") + len(" ".join(words[:first])) + bool(first), match.end("name"))


def _capital(text: str, at: int) -> bool:
    return text[at : at + 1].isupper()


def _starts_with_first_name(text: str, at: int) -> bool:
    word = _TOKENS.match(text, at)
    return bool(word and word[0].strip(".").lower() in FIRST_NAMES)


def _two_capitals(text: str, at: int) -> bool:
    return bool(re.match(r"[A-Z][a-z]+ [A-Z][a-z'’-]+", text[at : at + 60]))


def _name_at(text: str, at: int, *, sure: bool) -> Found | None:
    """Up to three words from `at` on that can be a name."""
    start = end = at
    for number in range(4):
        word = _TOKENS.match(text, at)
        if word is None:
            break
        plain = word[0].rstrip(".").removesuffix("'s").removesuffix("’s")
        if plain.lower() in _FUNCTION or (not sure and number and not word[0][0].isupper() and number > 1):
            break
        if number == 2 and not word[0][0].isupper() and len(plain) > 1:
            break
        end = word.start() + len(plain)
        if len(word[0]) != len(plain) and not word[0].endswith("."):
            break
        spelled = len(plain) == 1
        at = word.end()
        if not (text[at : at + 1] == " " or (spelled and text[at : at + 1] == "-")) or (number == 3 and not spelled):
            break
        at += 1
    return Found("name", start, end) if end > start else None
