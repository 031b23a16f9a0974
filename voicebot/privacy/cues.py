"""What the words beside a number say that it is."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from voicebot.privacy.kinds import Kind

Cue = Kind | Literal["harmless"]
"""`harmless`: a number that the business needs and that tells nobody who somebody is."""

_WORDS: dict[Cue, str] = {
    "secret": r"비밀 ?번호|비번|패스워드|암호|핀 ?번호|핀|인증 ?번호|보안 ?코드|보안 ?번호|씨브이씨|시브이씨|오티피|간편 ?번호"
    r"|(?<![가-힣])PW|\b(?:password|passcode|pass code|pass word|pin(?: code| number)?|cvc|cvv|otp|security code"
    r"|verification code|one[- ]time (?:code|password)|access code)\b",
    "resident": r"주민 ?등록 ?번호|주민 ?번호|주민|외국인 ?등록 ?번호|외국인 ?번호|등록증 ?번호"
    r"|\b(?:resident(?: registration)?(?: number)?|alien registration|arc number|foreigner registration"
    r"|registration number|social security(?: number)?|ssn|national id(?: number)?|id number)\b",
    "card": r"카드 ?번호|카드|\b(?:card(?: number)?|visa|mastercard|amex|credit card|debit card)\b",
    "account": r"계좌 ?번호|계좌|통장|입금|송금|이체|환불 ?계좌|은행|뱅크|농협|신협|수협|새마을금고|우체국|예금|적금"
    r"|(?<![가-힣])토스|(?<![가-힣])(?:국민|신한|우리|하나|기업|제일|외환)(?= ?(?:[일이삼사오육륙칠팔구공영\d]|은행))"
    r"|\b(?:account(?: number)?|bank|iban|routing(?: number)?|sort code|wire|transfer)\b",
    "phone": r"전화 ?번호|전화|연락처|휴대 ?전화|휴대폰|핸드폰|폰 ?번호|폰|모바일|문자|팩스|제 ?번호|내 ?번호|저희 ?번호|연락|통화"
    r"|\b(?:phone(?: number)?|mobile|cell(?:phone)?|telephone|call me|reach me|text me|contact(?: number)?|fax"
    r"|my number|number is|number's|call back|callback|ring me|whatsapp|calling from|landline|line)\b",
    "document": r"여권 ?번호|여권|운전 ?면허 ?번호|운전 ?면허증?|면허 ?번호|면허증?"
    r"|\b(?:passport(?: number)?|driver'?s? licen[cs]e(?: number)?|driving licen[cs]e(?: number)?|licen[cs]e number)\b",
    "plate": r"차량 ?번호|차 ?번호|번호판|차량|\b(?:licen[cs]e plate|number plate|plate(?: number)?|car number|vehicle)\b",
    "birth": r"생년 ?월일|생일|출생|태어난|태어났|\b(?:date of birth|birth ?date|birthday|born|dob)\b",
    "address": r"아파트|빌라|오피스텔|맨션|주소|우편 ?번호|\b(?:address|apartment|apt|postcode|zip(?: code)?)\b",
    "harmless": r"주문 ?번호|주문|운송장 ?번호|운송장|송장|접수 ?번호|접수|예약 ?번호|예약|상품 ?번호|상품|품번|사원 ?번호|사번|직원 ?번호"
    r"|회원 ?번호|멤버십|고객 ?번호|민원 ?번호|민원|신청 ?번호|관리 ?번호|처리 ?번호|문서 ?번호|발급 ?번호|모델|제품|시리얼|일련 ?번호"
    r"|쿠폰|바코드|청구 ?번호|승인 ?번호|거래 ?번호|티켓|좌석|버전|금액|포인트|대표 ?번호|고객 ?센터|콜센터|사업자 ?등록 ?번호|사업자"
    r"|\b(?:order(?: number)?|tracking(?: number)?|reference(?: number)?|ticket(?: number)?|case(?: number)?"
    r"|application(?: number)?|booking(?: number)?|reservation(?: number)?|invoice(?: number)?|product(?: number)?"
    r"|model(?: number)?|serial(?: number)?|employee(?: number| id)?|membership(?: number)?|member(?: number)?"
    r"|confirmation(?: number| code)?|coupon(?: code)?|customer number|receipt(?: number)?|claim(?: number)?|parcel"
    r"|item(?: number)?|sku|barcode|version|hotline|helpline|business registration number|request number"
    r"|approval number)\b",
    "number": r"번호|\bnumbers?\b",
}
_CUE = re.compile("|".join(f"(?P<{cue}>{words})" for cue, words in _WORDS.items()), re.IGNORECASE)
_FAR = 36
"""Characters between a cue and the number it tells of."""
_BEHIND = 16
"""The same, where the cue follows ("1234가 비밀번호예요")."""
_BEHIND_HARMLESS = 4
_NOT_MEANT = re.compile(r"\s?(?:말고|아니|이 아니|가 아니)|\s?(?:not|instead)\b")


@dataclass(frozen=True)
class Cues:
    """The cues of one text."""

    kinds: tuple[Cue, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Cues:
        found = [match for match in _CUE.finditer(text) if not _NOT_MEANT.match(text, match.end())]
        # The group's name is one of the cues.
        kinds: list[Cue] = [match.lastgroup for match in found]  # type: ignore[misc]
        return cls(tuple(kinds), tuple(match.start() for match in found), tuple(match.end() for match in found))

    def before(self, start: int, least: int = 0) -> Cue | None:
        """What the nearest cue before a number says; `least`: where the number before it ends."""
        index = bisect_left(self.starts, start) - 1
        if index < 0 or self.starts[index] < least or start - self.ends[index] > _FAR:
            return None
        return self.kinds[index]

    def after(self, end: int, most: int) -> Cue | None:
        """What the next cue behind it says; `most`: where the next number begins."""
        index = bisect_left(self.starts, end)
        if index == len(self.starts) or self.starts[index] >= most:
            return None
        far = _BEHIND if self.kinds[index] != "harmless" else _BEHIND_HARMLESS
        if self.starts[index] - end > far:
            return None
        return self.kinds[index]

    def near(self, start: int, end: int, kind: Cue, far: int = 60) -> bool:
        """Whether a cue of that kind stands so near."""
        return any(
            found == kind and self.ends[index] >= start - far and self.starts[index] <= end + far
            for index, found in enumerate(self.kinds)
        )
