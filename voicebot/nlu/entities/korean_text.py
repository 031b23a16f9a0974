"""Where a value may begin and end in Korean text, and what the words around it say."""

from __future__ import annotations

import re

HEAD = r"(?<![가-힣A-Za-z0-9.,])"
"""A value begins a word here."""

_PARTICLE = (
    "이라도|이라고요|이라고|라고요|라고|이라서|라서|이라|이에요|예요|에요|이예요|입니다|이구요|이고요|이고|고요"
    "|구요|이요|요|인데요|인데|"
    "인가요|이네요|네요|이죠|이지|죠|이야|이랑|랑|이나|나|이면|면|이신|이세요|세요|이시|이었어요|였어요"
    "|이었는데|였는데|을|를|이|가|은|는|도|만|"
    "에서|에게|에|으로|로|과|와|의|까지|부터|마다|씩|쯤|즈음|경|정도|짜리|밖에|보다|처럼|하고|뿐|한테|께"
    "|이상|이하|미만|이내|안에|"
    "동안|간|전|후|뒤|어치|인|권"
)
_RUN_ON = (
    "주세|주시|주실|주십|주문|주고|줘|줄게|줄래|살게|살래|살려|시킬|시켜|부탁|예약|취소|변경|환불|할게|할께"
    "|할래|할려|해주|해줘|하려|하겠|"
    "있|없|남|보내|추가|구매|결제|필요|사고|샀|더|좀|배송|신청|입금|송금|이체|출금|받|교환|반품|가능|아니"
    "|말고|맞|넣|빼|담|올게|갈게|뵐|볼|오전|"
    "오후|걸려|걸립|걸리|지났|됐|기다|출발|도착|만나|찾"
)
TAIL = (
    rf"(?= ?(?:{_PARTICLE}){{0,3}}(?![가-힣A-Za-z0-9])|"
    rf"(?:{_PARTICLE}){{0,2}}(?:{_RUN_ON})|(?:에|까지|부터|으로|로)(?=\d))"
)
"""A value ends here: before a particle, the word's end, or a verb run on without its space."""

_BEFORE_WHOLE = re.compile(
    r"(?:[ .,!?~]|음+|어+|아|저기|저|그|그러니까|그게|네|예|제|번호는|약|총|한|아마|대략|그냥|전부|다|합쳐서|모두)*"
)
_AFTER_WHOLE = re.compile(
    rf" ?(?:번|개|{_PARTICLE}){{0,3}}(?:[ .,!?~]|요|주세요|할게요|부탁드려요|부탁드립니다|부탁해요|로)*"
)

_PAST = re.compile(
    r"[가-힣 ]{0,12}?(?:[가-힣]?[었았였했됐샀갔왔렸졌켰봤줬났썼뺐겼냈](?:는데|어요|습니다|던|다|고"
    r"|거든|지|으|네|어|음|을|잖)"
    r"|주문한|결제한|구매한|구입한|산 |받은|보낸|신청한|입금한|출금한|가입한)"
)


def whole(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is all that was said, but for hesitation, particles and politeness."""
    return bool(_BEFORE_WHOLE.fullmatch(text, 0, start) and _AFTER_WHOLE.fullmatch(text, end))


def told_as_past(text: str, end: int) -> bool:
    """Whether the verb behind a date is in the past ("월요일에 주문했는데")."""
    return bool(_PAST.match(text, end, end + 24))
