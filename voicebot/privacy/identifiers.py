"""What has letters or a form of its own: e-mail addresses, passports, licences, plates, dates of birth."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.privacy.cues import Cues
from voicebot.privacy.english_names import FIRST_NAMES
from voicebot.privacy.kinds import Found

# E-mail: as written, and as said. The part before the @ is bounded (RFC 5321: 64 octets), and so are its words.
_WRITTEN_MAIL = re.compile(r"[A-Za-z0-9가-힣._%+-]{1,64} ?@ ?[A-Za-z0-9가-힣-]{1,40}(?: ?[.] ?[A-Za-z]{2,12}){0,3}")
_AT_KO = re.compile(r"골뱅이|앳(?![가-힣])|(?<![가-힣])엣(?![가-힣])")
_DOMAIN_KO = re.compile(
    r" ?(?:[가-힣A-Za-z0-9]{1,12} ?){1,4}?(?:(?:닷|점|쩜|다트|\.) ?(?:컴|콤|com|넷|net|오알지|씨오|시오|코|co|케이알|kr|org"
    r"|에이씨|고|go|아이오)(?: ?(?:닷|점|쩜|\.) ?(?:케이알|kr))?|닷컴|닷넷|(?<=버)(?= )|(?<=일)(?= ))"
)
_MAIL_PART_KO = re.compile(r"[가-힣A-Za-z0-9._-]{1,16}")
_MAIL_ENDS_KO = re.compile(r".*(?:은|는|이메일|메일|주소|으로|로|를|을|요|예|이고|네)$")
_DOT_EN = r"(?:dot|\.|point)"
_TOP_EN = r"(?:com|net|org|edu|gov|io|co|kr|uk|ac|info|me|us)"
_AT_EN = re.compile(
    rf"\b(?:at sign|at)\s+(?:(?P<name>(?:(?!at\b)[a-z0-9-]+\s+){{1,3}}?){_DOT_EN}\s?{_TOP_EN}\b(?:\s?{_DOT_EN}\s?(?:kr|uk|au|com|jp)\b)?"
    rf"|(?P<site>[a-z0-9-]+(?:\.[a-z0-9-]+)*\.{_TOP_EN}\b))",
    re.IGNORECASE,
)
_MAIL_CUE = re.compile(
    r"e-?mail|\bmail|address|statement|gmail|g mail|naver|yahoo|outlook|hotmail|daum|hanmail|icloud|kakao|proton|nate",
    re.I,
)
_NO_PART_EN = re.compile(
    r"(?:is|it's|its|email|e-mail|mail|address|me|to|at|use|my|the|that's|uh|um|well|yes|yeah|so|send|reach|contact|and"
    r"|please|us|you|on|okay|under|of|for|this|or|it|in|person|shop|order|look|online|arrive|arrived|working|work|only)$",
    re.IGNORECASE,
)


def find_emails(text: str) -> Iterator[Found]:
    """Addresses as written and as said: "hong 골뱅이 naver 닷컴", "john dot smith at gmail dot com"."""
    for match in _WRITTEN_MAIL.finditer(text) if "@" in text else ():
        yield Found("email", *match.span())
    for at in _AT_KO.finditer(text):
        domain = _DOMAIN_KO.match(text, at.end())
        end = domain.end() if domain else _next_word(text, at.end())
        if at[0] != "골뱅이" and not domain:
            continue
        yield Found("email", _local_part_ko(text, at.start()), end)
    for at in _AT_EN.finditer(text) if "at " in text.lower() else ():
        start, put_together = _local_part_en(text, at.start())
        alone = bool(at["name"]) and (
            not text[:start].strip() or text[start : at.start()].strip().lower() in FIRST_NAMES
        )
        if start < at.start() and (put_together or alone or _MAIL_CUE.search(text)):
            yield Found("email", start, at.end())


def _next_word(text: str, at: int) -> int:
    word = re.compile(r" ?[가-힣A-Za-z0-9._-]{1,20}").match(text, at)
    return word.end() if word else at


def _local_part_ko(text: str, at: int) -> int:
    """Where the words before the 골뱅이 begin: up to eight, not beyond one that ends like a topic or an object."""
    words = list(_MAIL_PART_KO.finditer(text, max(0, at - 60), at))
    start = at
    for word in reversed(words[-8:]):
        if "".join(text[word.end() : start].split()) or (start != at and _MAIL_ENDS_KO.match(word[0])):
            break
        if start == at and _MAIL_ENDS_KO.fullmatch(word[0]) and len(word[0]) > 2 and not word[0].isascii():
            break
        start = word.start()
    return start


def _local_part_en(text: str, at: int) -> tuple[int, bool]:
    """Where the part before the "at" begins, and whether it is put together ("john dot smith", "j o h n")."""
    words = list(re.finditer(r"[\w.'-]+", text[max(0, at - 80) : at]))
    offset = max(0, at - 80)
    start, put_together = at, False
    for index, word in enumerate(reversed(words[-14:])):
        if _NO_PART_EN.match(word[0]) and word.end() - word.start() > 1:
            break
        if text[offset + word.end() : start].strip(" "):
            break
        start = offset + word.start()
        previous = words[-index - 2][0].lower() if index + 2 <= len(words) else ""
        linked = previous in _LINKS or word[0].lower() in _LINKS
        put_together |= linked or len(word[0]) == 1
        spelled = len(word[0]) == 1 or word[0].isdigit() or word[0].lower() in _DIGIT_WORDS
        if not linked and not spelled and not (len(previous) == 1 and previous.isalpha() and previous != "i"):
            break
    return start, put_together


_LINKS = frozenset({"dot", "underscore", "dash", "hyphen", "plus", "minus", "point", "score"})
_DIGIT_WORDS = frozenset(
    "zero oh one two three four five six seven eight nine ten twenty thirty forty fifty sixty seventy eighty ninety double triple".split()
)

# Korean passports: a letter and eight digits, since 2021 a letter, three digits, a letter, four digits.
_PASSPORT = re.compile(r"(?<![A-Za-z0-9])[MSRODGmsrodg][- ]?(?:\d{8}|\d{3}[A-Za-z]\d{4})(?![A-Za-z0-9])")
_ANY_PASSPORT = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,2}[- ]?\d{6,8}(?![A-Za-z0-9])|(?<!\d)\d{9}(?!\d)")
_SPOKEN_LETTER = r"(?:엠|에스|알|아르|오|디|지|쥐|피|에이|비|씨|시|제이|케이|엘|엔|[A-Za-z]|em|ess|ar|dee|gee)"
_DIGIT = r"(?:[공영일이삼사오육륙칠팔구\d]|(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b)"
_SPOKEN_PASSPORT = re.compile(
    rf"(?<![가-힣A-Za-z0-9]){_SPOKEN_LETTER}[ -]?(?:{_DIGIT}[ -]?){{3}}(?:{_SPOKEN_LETTER}[ -]?)?(?:{_DIGIT}[ -]?){{4,6}}",
    re.IGNORECASE,
)
_LICENCE = re.compile(
    r"(?<![\d-])(?:\d{2}|서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산)[ -]?\d{2}[ -]\d{6}[ -]\d{2}(?![\d-])"
)
_PLATE_LETTER = "[가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주아바사자배하허호]"
_REGION = "(?:서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주)"
_PLATE = re.compile(rf"(?:{_REGION} ?)?(?<!\d)\d{{2,3}} ?{_PLATE_LETTER} ?\d{{4}}(?!\d)")
_SINO = "[공영일이삼사오육륙칠팔구]"
_NUMBER = rf"(?:(?:{_SINO} ?){{2,3}}|(?:{_SINO}?백)? ?(?:{_SINO}?십)?{_SINO}?|\d{{2,3}})"
_SPOKEN_PLATE = re.compile(
    rf"(?:{_REGION} ?)?(?<![가-힣]){_NUMBER} ?{_PLATE_LETTER} ?"
    rf"(?:(?:{_SINO} ?){{3}}{_SINO}|\d{{4}}|(?:{_SINO}?천)(?:{_SINO}?백)?(?:{_SINO}?십)?{_SINO}?)"
)
_PLATE_EN = re.compile(r"\b(?=[A-Z0-9 -]*\d)(?=[A-Z0-9 -]*[A-Z])[A-Z0-9]{1,7}(?:[ -][A-Z0-9]{1,5}){0,2}\b")
_SPOKEN_PLATE_EN = re.compile(
    r"\b(?:(?:[a-z]|\d{1,4}|zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[ -]){3,8}(?:[a-z]|\d|\w+)\b"
)


def find_documents(text: str, cues: Cues) -> Iterator[Found]:
    """Passports, driver's licences and plates, as written; as said, where a word tells what it is."""
    for match in _PASSPORT.finditer(text):
        if not cues.near(*match.span(), "harmless", 14):
            yield Found("document", *match.span())
    for match in _LICENCE.finditer(text):
        if cues.near(*match.span(), "document") or "-" in match[0]:
            yield Found("document", *match.span())
    if "document" in cues.kinds:
        for pattern in (_SPOKEN_PASSPORT, _ANY_PASSPORT):
            for match in pattern.finditer(text):
                if cues.near(*match.span(), "document", 30):
                    yield Found("document", match.start(), match.start() + len(match[0].rstrip(" -")))
    for match in _PLATE.finditer(text):
        yield Found("plate", *match.span())
    if "plate" in cues.kinds:
        for pattern in (_SPOKEN_PLATE, _PLATE_EN, _SPOKEN_PLATE_EN):
            for match in pattern.finditer(text):
                if cues.near(*match.span(), "plate", 30):
                    yield Found("plate", *match.span())


_SINO_NUMBER = r"(?:[일이삼사오육칠팔구]?천)? ?(?:[일이삼사오육칠팔구]?백)? ?(?:[일이삼사오육칠팔구]?십)? ?[일이삼사오육칠팔구공영]?"
_YEAR_KO = rf"(?:(?:19|20)?\d\d|(?:천구백|일천구백|이천|구공|팔공|칠공){_SINO_NUMBER}|[일이삼사오육칠팔구]?십[일이삼사오육칠팔구]?|[공영][일이삼사오육칠팔구공영]|[이삼사오육칠팔구][공일이삼사오육칠팔구]) ?년(?:도)?"
_MONTH_KO = r"(?:\d{1,2}|십[일이]?|시|[일이삼사오유육칠팔구]) ?월"
_DAY_KO = r"(?:\d{1,2}|[이삼]?십[일이삼사오육칠팔구]?|[일이삼사오육칠팔구]) ?일"
_DATE_KO = rf"{_YEAR_KO} ?{_MONTH_KO} ?{_DAY_KO}"
_DATE_WRITTEN = (
    r"(?<!\d)(?:19|20)\d\d ?[-./] ?\d{1,2} ?[-./] ?\d{1,2}(?!\d)|(?<!\d)\d{1,2}[-./]\d{1,2}[-./](?:19|20)?\d\d(?!\d)"
)
_MONTH_EN = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_ORDINAL_EN = (
    r"(?:\d{1,2}(?:st|nd|rd|th)?|(?:twenty|thirty)[ -](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|one|two"
    r"|three|four|five|six|seven|eight|nine)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh"
    r"|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen"
    r"|nineteen|twenty|thirty)"
)
_TENS_EN = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_ONES_EN = r"(?:one|two|three|four|five|six|seven|eight|nine)"
_YEAR_EN = (
    rf"(?:(?:19|20)\d\d|'?\d\d(?!\d)|nineteen[ -](?:{_TENS_EN}(?:[ -]{_ONES_EN})?|oh[ -]{_ONES_EN}|ten|eleven|twelve"
    rf"|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)|two thousand(?:(?: and)? (?:{_ONES_EN}|ten|eleven"
    rf"|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty))?|twenty[ -](?:oh[ -]{_ONES_EN}|ten"
    r"|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty))"
)
_DATE_EN = (
    rf"\b{_MONTH_EN}\.? (?:the )?{_ORDINAL_EN},?(?: (?:of )?{_YEAR_EN})?\b"
    rf"|\b(?:the )?{_ORDINAL_EN} (?:of )?{_MONTH_EN}\.?,?(?: (?:of )?{_YEAR_EN})?\b"
)
_DATE = re.compile(f"{_DATE_KO}|{_DATE_WRITTEN}|{_DATE_EN}", re.IGNORECASE)
_BORN_BEHIND = re.compile(
    r" ?생(?!일 ?쿠폰)(?=[^가-힣]|이|인|입|으|$)|에? ?(?:태어|출생)|이? ?생년|[이가]? ?(?:제 |저희 ?\w+ )?생일(?:이에요|입니다|인데요|이고)"
)
_SHORT_BORN = re.compile(
    r"(?:(?:19|20)\d\d|\d\d|[칠팔구][공일이삼사오육칠팔구]|공[공일이삼사오육칠팔구]|[칠팔구]십[일이삼사오육칠팔구]?) ?년 ?생"
)


def find_births(text: str, cues: Cues) -> Iterator[Found]:
    """Dates that somebody was born on: a word beside them says so."""
    for match in _DATE.finditer(text):
        if (
            cues.before(match.start()) == "birth"
            or _BORN_BEHIND.match(text, match.end())
            or (cues.after(match.end(), len(text)) == "birth" and "쿠폰" not in text)
        ):
            yield Found("birth", *match.span())
