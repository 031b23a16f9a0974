"""Latin letters, addresses and symbols in Korean sentences, as they are said."""

from __future__ import annotations

import re

from voicebot.nlu.numerals import spell_digits

_LETTER_NAMES = """
에이 비 씨 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 알 에스 티 유 브이 더블유 엑스 와이 제트
"""
LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        _LETTER_NAMES.split(),
        strict=True,
    )
)

_WORDS = {
    "a/s": "에이에스",
    "air": "에어",
    "app": "앱",
    "apple": "애플",
    "best": "베스트",
    "bluetooth": "블루투스",
    "buds": "버즈",
    "cafe": "카페",
    "card": "카드",
    "chrome": "크롬",
    "daum": "다음",
    "e-mail": "이메일",
    "eleven": "일레븐",
    "email": "이메일",
    "event": "이벤트",
    "facebook": "페이스북",
    "fax": "팩스",
    "free": "프리",
    "galaxy": "갤럭시",
    "gmail": "지메일",
    "google": "구글",
    "hanmail": "한메일",
    "home": "홈",
    "instagram": "인스타그램",
    "internet": "인터넷",
    "ipad": "아이패드",
    "iphone": "아이폰",
    "kakao": "카카오",
    "kakaopay": "카카오페이",
    "kakaotalk": "카카오톡",
    "macbook": "맥북",
    "mail": "메일",
    "max": "맥스",
    "membership": "멤버십",
    "mini": "미니",
    "naver": "네이버",
    "new": "뉴",
    "no": "넘버",
    "note": "노트",
    "ok": "오케이",
    "online": "온라인",
    "pass": "패스",
    "pay": "페이",
    "phone": "폰",
    "pin": "핀",
    "plus": "플러스",
    "point": "포인트",
    "pro": "프로",
    "q&a": "큐앤에이",
    "r&d": "알앤디",
    "sale": "세일",
    "samsung": "삼성",
    "set": "세트",
    "sim": "심",
    "size": "사이즈",
    "tab": "탭",
    "type": "타입",
    "ultra": "울트라",
    "usim": "유심",
    "vs": "대",
    "watch": "워치",
    "web": "웹",
    "wi-fi": "와이파이",
    "wifi": "와이파이",
    "windows": "윈도우",
    "youtube": "유튜브",
    "zip": "집",
    "zoom": "줌",
}
"""Words that are said as words. Longer ones that don't stand here stay Latin, for the engine to read as English."""

_IN_ADDRESSES = {
    "com": "컴",
    "net": "넷",
    "org": "오알지",
    "support": "서포트",
    "help": "헬프",
    "info": "인포",
    "shop": "숍",
    "example": "이그잼플",
}
_ADDRESS_SIGNS = {"@": "골뱅이", "-": "하이픈", "_": "밑줄", "+": "플러스", "/": "슬래시", ":": "콜론", "?": "물음표"}


def letters(text: str) -> str:
    """Letter by letter: `SKT` is `에스케이티`."""
    return "".join(LETTERS.get(char.lower(), char) for char in text)


def latin(word: str) -> str:
    """One word in Latin letters: by the table, letter by letter, or left as it is."""
    if known := _WORDS.get(word.lower()):
        return known
    spelled = len(word) <= 3 or (word.isupper() and len(word) <= 6) or not re.search("[aeiouy]", word.lower())
    return letters(word) if spelled else word


def address(text: str) -> str:
    """An e-mail or web address: known words as words, the rest letter by letter, `@` as 골뱅이, `.` as 점."""
    text = re.sub(r"^https?://", "", text, flags=re.IGNORECASE)
    words: list[str] = []
    for token in re.findall(r"\.com\b|[A-Za-z]+|\d+|.", text):
        lower = token.lower()
        if lower == ".com":
            words.append("닷컴")
        elif lower == ".":
            words.append("점")
        elif token.isdigit():
            words.append(spell_digits(token, zero="공"))
        else:
            words.append(_IN_ADDRESSES.get(lower) or _WORDS.get(lower) or _ADDRESS_SIGNS.get(token) or letters(token))
    return " ".join(words)


SYMBOLS = {
    "&": "앤드",
    "+": "더하기",
    "=": "은",
    "×": "곱하기",
    "÷": "나누기",
    "±": "플러스 마이너스",
    "%": "퍼센트",
    "‰": "퍼밀",
    "℃": "도",
    "°": "도",
    "#": "우물 정자",
    "*": "별표",
    "＊": "별표",
    "@": "골뱅이",
    "₩": "원",
    "$": "달러",
    "€": "유로",
    "£": "파운드",
    "¥": "엔",
    "№": "번호",
    "☎": "전화",
    "㈜": "주식회사",
}
"""Symbols that stand alone. On the telephone `#` is 우물 정자 and `*` is 별표, as the keys are called."""
