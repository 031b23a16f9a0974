"""Postal addresses down to a house or a door. A district alone tells nobody's home, and offices are asked for by it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.privacy.cues import Cues
from voicebot.privacy.kinds import Found

_SINO = "일이삼사오육륙칠팔구공영십백천"
_N = rf"(?:\d{{1,5}}|[{_SINO}](?: ?[{_SINO}]){{0,8}})"
"""A number, in figures or in words."""
_METROPOLIS = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|충청북|충청남|전북|전남|전라북|전라남|경북|경남|경상북|경상남|제주"
_REGION = (
    rf"(?:(?:{_METROPOLIS})(?:특별시|광역시|특별자치시|특별자치도|시|도)? ?)?"
    r"(?:[가-힣]{1,5}(?:시|군) )?(?:[가-힣]{1,5}구 )?(?:[가-힣]{1,5}(?:읍|면) )?"
)
_JOINT = r" ?(?:의|다시|대시|하이픈|-|에) ?"
_DOOR = rf"(?:,? ?(?:[가-힣A-Za-z0-9]{{1,12}} ?(?:아파트|빌라|오피스텔|맨션|타워|빌딩|주택|원룸|하이츠|자이|래미안|푸르지오|힐스테이트) ?)?(?:{_N} ?동 ?)?(?:지하 ?)?(?:{_N} ?층 ?)?{_N} ?호)"
_HOUSE = rf"{_N}(?:{_JOINT}{_N})?(?: ?번지)?"
_ROAD = re.compile(
    rf"(?P<region>{_REGION})(?P<road>[가-힣]{{1,8}}?\d{{0,3}}(?:대로|로|길)(?: ?{_N} ?번? ?[가나다라]?길)?) ?(?P<house>{_HOUSE})"
    rf"(?P<further>{_DOOR})?(?P<kind>)(?=$|[^가-힣0-9]|이|입|예|에|으로|로 |요|인데|고|이고|번|가 |를|을|은|는|라고)"
)
_LOT = re.compile(
    rf"(?P<region>{_REGION})(?P<dong>[가-힣]{{1,6}}(?:동|리|가)) ?(?:산 ?)?(?P<house>{_N}(?:{_JOINT}{_N})(?: ?번지)?|{_N} ?번지)(?:{_DOOR})?"
)
_BUILDING = re.compile(
    rf"(?:[가-힣A-Za-z0-9]{{1,12}} ?(?:아파트|빌라|오피스텔|맨션|타운|자이|래미안|푸르지오|힐스테이트|주공|하이츠|팰리스) ?)?"
    rf"(?<![가-힣])?(?:제 ?)?{_N} ?동 ?{_N} ?호(?![가-힣]*선)"
    rf"|[가-힣A-Za-z0-9]{{1,12}} ?(?:아파트|빌라|오피스텔|맨션|원룸|고시원) ?(?:지하 ?)?{_N} ?호"
)
_HOME_CUE = re.compile(
    r"주소|배송지|사는 ?곳|살아요|살고|삽니다|거주|집은|집이|저희 ?집|우리 ?집|본가|받는 ?곳|보내 ?주"
)
_NO_ROAD = frozenset(
    "카드 문자 전화 계좌 포인트 현금 키패드 번호 이걸 그걸 저걸 바 별 따 새 앞으 뒤 위 아래 오른쪽으 왼쪽으 쪽으 것으 걸 순서대 그대 이대 차례 추가 최대 최소 실제 주 서 반대 제대 절대 마음대 뜻대 말대 예정대".split()
)

_NUMBER_EN = (
    r"(?:\d{1,6}[A-Za-z]?|(?:(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|oh|zero|and)[ -]){1,7})"
)
_WORDS_EN = (
    r"(?:(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    r"|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|oh|zero)\b[ -]?){1,5}"
    r"(?:\b[a-d]\b)?"
)
_STREET_EN = (
    r"(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|way|court|ct|place|pl|terrace|square|sq|crescent|close"
    r"|highway|hwy|parkway|pkwy|circle|alley|mews|gardens|row|hill)"
)
_DOOR_EN = (
    r"(?:,? (?:apartment|apt\.?|unit|suite|flat|room|number|no\.?|floor|#) ?#? ?"
    rf"(?:\d{{1,5}}[A-Za-z]?|[A-Za-z]\d{{0,4}}\b|{_WORDS_EN}))"
)
_CITY_EN = r"(?:,? (?:in )?[A-Z][a-z]+(?: [A-Z][a-z]+)?(?:,? [A-Z]{2})?(?: \d{5}(?:-\d{4})?| [A-Z]{1,2}\d{1,2}[A-Z]? ?\d[A-Z]{2})?)"
_ADDRESS_EN = re.compile(
    rf"\b{_NUMBER_EN}(?: |(?<= ))(?:(?:north|south|east|west|n|s|e|w)\.? )?(?:(?!(?:of|is|to|for|in|on|the|a|my|percent|days?|months?|won|items?|orders?|people|minutes?|hours?)\b)[\w'.-]+ ){{1,3}}?{_STREET_EN}\b\.?"
    rf"(?:{_DOOR_EN})?(?-i:{_CITY_EN})?",
    re.IGNORECASE,
)
_ROMANISED = re.compile(
    r"(?:\b(?:apt\.?|unit|room) ?\w+,? )?\b\d{1,5}(?:-\d{1,5})?,? [A-Za-z]+(?:[- ](?:daero|ro|gil|dong))(?: ?\d+[- ]?(?:beon)?[- ]?gil)?\b"
    r"(?:,? [A-Za-z]+-(?:gu|si|dong|gun|eup|myeon))*(?:,? [A-Z][a-z]+)?",
    re.IGNORECASE,
)
_DOOR_ONLY_EN = re.compile(
    rf"\b(?:apartment|apt\.?|unit|suite|flat) (?:number )?#?(?:\d{{1,5}}[A-Za-z]?|[A-Za-z]\d{{1,4}}|{_WORDS_EN})", re.I
)


def find_addresses(text: str, cues: Cues) -> Iterator[Found]:
    """Roads with house numbers, lots, doors of flats; Korean, English and romanised."""
    if any("가" <= char <= "힣" for char in text):
        yield from _korean(text)
    else:
        yield from _english(text, cues)


def _korean(text: str) -> Iterator[Found]:
    home = bool(_HOME_CUE.search(text))
    for match in _ROAD.finditer(text):
        road = match["road"]
        sure = bool(match["region"].strip()) or "대로" in road or match["further"] or "번지" in match["house"]
        sure = sure or home or road.endswith("길")
        stem = re.sub(r"(?:로|길)$", "", road)
        if (
            (sure and len(stem) >= 2 and stem not in _NO_ROAD and not stem.endswith(("으", "대")))
            or (match["region"].strip() and len(stem) >= 1)
        ) or (sure and "대로" in road and len(road) > 3):
            yield Found("address", match.start(), match.end())
    for match in _LOT.finditer(text):
        if "번지" in match["house"] or match["region"].strip() or home:
            yield Found("address", match.start(), match.end())
    for match in _BUILDING.finditer(text):
        yield Found("address", match.start(), match.end())


def _english(text: str, cues: Cues) -> Iterator[Found]:
    for match in _ADDRESS_EN.finditer(text):
        yield Found("address", *match.span())
    for match in _ROMANISED.finditer(text):
        yield Found("address", *match.span())
    for match in _DOOR_ONLY_EN.finditer(text):
        yield Found("address", *match.span())
    del cues
