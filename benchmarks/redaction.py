"""Redaction: how much personal data is taken out of sentences, and how many harmless ones are touched.

    python benchmarks/redaction.py [--sentences 2400] [--seed 1] [--misses] [--json]

Sentences are made of templates, in Korean and English, as written and as spoken, with fillers, corrections and the
recognisers' spacing. Values come from generators of their own; nothing here knows the redactor's rules. A value counts
as found when no four of its digits, and no word of it, are left. Harmless sentences: what the packs' callers say, every
reply of the packs with values of an order filled in, and sentences with numbers that the business needs.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voicebot.dialogue.pack import load_pack
from voicebot.nlu.numerals import english_digits, sino
from voicebot.privacy.redactor import find, redact

PACKS = ("shop", "bank", "civic", "hr")
KO_DIGITS = "공일이삼사오육칠팔구"
EN_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Sentence:
    kind: str
    form: str
    language: str
    text: str
    start: int
    end: int
    """Where the personal data stands; 0, 0 in a harmless one."""


# ---- Values ----


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def phone_groups(rng: random.Random, language: str) -> list[str]:
    if language == "en" and rng.random() < 0.5:
        return [f"{rng.randint(201, 989)}", f"{rng.randint(200, 999)}", digits(rng, 4)]
    kind = rng.random()
    if kind < 0.6:
        return ["010", f"{rng.randint(2000, 9999)}", digits(rng, 4)]
    if kind < 0.7:
        return [rng.choice(("011", "016", "017", "019")), f"{rng.randint(200, 999)}", digits(rng, 4)]
    if kind < 0.85:
        return [rng.choice(("02", "031", "051", "064", "053")), f"{rng.randint(200, 999)}", digits(rng, 4)]
    if kind < 0.93:
        return ["070", f"{rng.randint(2000, 9999)}", digits(rng, 4)]
    return ["0505", f"{rng.randint(200, 999)}", digits(rng, 4)]


def resident_groups(rng: random.Random) -> list[str]:
    year, month, day = rng.randint(0, 99), rng.randint(1, 12), rng.randint(1, 28)
    century = rng.choice("1256") if year > 26 else rng.choice("3478")
    return [f"{year:02}{month:02}{day:02}", century + digits(rng, 6)]


def card_groups(rng: random.Random) -> list[str]:
    body = rng.choice(("4", "5", "9", "6")) if False else rng.choice("456")
    body += digits(rng, 14)
    total = sum(sum(divmod(int(d) * (2 if n % 2 == 0 else 1), 10)) for n, d in enumerate(body))
    number = body + str(-total % 10)
    return [number[n : n + 4] for n in range(0, 16, 4)]


def account_groups(rng: random.Random) -> list[str]:
    shape = rng.choice(((3, 3, 6), (6, 2, 6), (4, 3, 6), (3, 4, 4, 2), (4, 2, 7), (3, 2, 6)))
    return [digits(rng, size) for size in shape]


def birth(rng: random.Random) -> tuple[int, int, int]:
    return rng.randint(1945, 2010), rng.randint(1, 12), rng.randint(1, 28)


# ---- Forms ----


def in_korean(groups: list[str], rng: random.Random, form: str) -> str:
    whole = "".join(groups)
    if form == "written":
        joint = rng.choice(("-", "-", " ", "", "."))
        return joint.join(groups)
    zero = rng.choice(("공", "영"))
    name = lambda text: "".join(zero if d == "0" else KO_DIGITS[int(d)] for d in text)  # noqa: E731
    if form == "spoken":
        return rng.choice((" ", "에 ", " 다시 ", "의 ", ", ")).join(name(group) for group in groups)
    if form == "run on":
        return name(whole)
    if form == "apart":
        return " ".join(name(digit) for digit in whole)
    if form == "misspaced":
        text = ""
        for digit in whole:
            text += name(digit) + (" " if rng.random() < 0.3 else "")
        return text.strip()
    if form == "mixed":
        return " ".join(group if rng.random() < 0.5 else name(group) for group in groups)
    if form == "fillers":
        return rng.choice((" 음 ", " 어 ", " 그 ", " 잠시만요 ", " 그리고 ")).join(name(group) for group in groups)
    if form == "corrected":
        wrong = groups[-1][:-1] + str((int(groups[-1][-1]) + 1) % 10)
        return (
            " ".join(name(group) for group in [*groups[:-1], wrong])
            + rng.choice((" 아니 ", " 아니요 ", " 아 아니다 ", " 죄송해요 "))
            + name(groups[-1])
        )
    if form == "bracketed":
        return " ".join(f"[{group}]" for group in groups)
    raise ValueError(form)


def in_english(groups: list[str], rng: random.Random, form: str) -> str:
    whole = "".join(groups)
    zero = rng.choice(("zero", "oh"))
    name = lambda text: english_digits(text, zero=zero)  # noqa: E731
    if form == "written":
        return rng.choice(("-", "-", " ", "", ".")).join(groups)
    if form == "spoken":
        return " ".join(name(group) for group in groups)
    if form == "run on":
        return rng.choice((", ", " dash ", " and ")).join(name(group) for group in groups)
    if form == "apart":
        return ", ".join(name(digit) for digit in whole)
    if form == "doubled":
        text, at = [], 0
        while at < len(whole):
            if whole[at : at + 3] == whole[at] * 3 and len(whole[at : at + 3]) == 3:
                text.append("triple " + name(whole[at]))
                at += 3
            elif whole[at : at + 2] == whole[at] * 2 and len(whole[at : at + 2]) == 2:
                text.append("double " + name(whole[at]))
                at += 2
            else:
                text.append(name(whole[at]))
                at += 1
        return " ".join(text)
    if form == "mixed":
        return " ".join(group if rng.random() < 0.5 else name(group) for group in groups)
    if form == "fillers":
        return rng.choice((" uh ", " um ", ", let me see, ", " and then ")).join(name(group) for group in groups)
    if form == "corrected":
        wrong = groups[-1][:-1] + str((int(groups[-1][-1]) + 1) % 10)
        return (
            " ".join(name(group) for group in [*groups[:-1], wrong])
            + rng.choice((" no wait ", " sorry ", " i mean ", ", no, "))
            + name(groups[-1])
        )
    if form == "bracketed":
        return " ".join(f"[{group}]" for group in groups)
    raise ValueError(form)


KO_FORMS = ("written", "spoken", "run on", "apart", "misspaced", "mixed", "fillers", "corrected", "bracketed")
EN_FORMS = ("written", "spoken", "run on", "apart", "doubled", "mixed", "fillers", "corrected", "bracketed")

# ---- Sentences: "{}" is where the value stands ----

KO = {
    "phone": [
        "제 번호는 {}이에요",
        "{}으로 전화 주세요",
        "연락처는 {}입니다",
        "{}",
        "휴대폰 번호 {}이고요",
        "네 {}요",
        "전화번호가 {}로 바뀌었어요",
        "{} 이 번호로 문자 보내 주세요",
        "저한테 {} 여기로 연락 주시면 돼요",
        "핸드폰은 {}인데요 확인해 주세요",
        "배송 기사님이 {}으로 전화하시면 돼요",
        "주문할 때 적은 번호가 {}이에요",
        "번호 불러 드릴게요 {}",
        "사무실은 {}입니다",
        "남편 번호로 해 주세요 {}",
    ],
    "resident": [
        "주민등록번호는 {}입니다",
        "제 주민번호 {}이에요",
        "주민번호가 {}인데 등본 떼려고요",
        "{}",
        "외국인등록번호 {}입니다",
        "네 {}이고요",
        "본인 확인이요 {}",
        "등본 발급이요 주민등록번호 {}",
        "{} 이렇게 돼요 주민번호가",
    ],
    "card": [
        "카드 번호는 {}입니다",
        "카드번호 {}이에요",
        "{} 이 카드로 결제했어요",
        "신용카드 {} 정지해 주세요",
        "체크카드 번호가 {}이고요",
        "잃어버린 카드가 {}예요",
        "{}",
        "결제한 카드요 {}",
    ],
    "account": [
        "계좌번호는 {}입니다",
        "국민은행 {}으로 환불해 주세요",
        "{} 이 계좌로 입금해 주세요",
        "제 통장 번호 {}이에요",
        "신한은행 {}이요",
        "환불 계좌는 {}입니다",
        "농협 {}로 보내 주세요",
        "카카오뱅크 {}예요",
        "급여 계좌를 {}으로 바꿔 주세요",
    ],
    "secret": [
        "비밀번호는 {}이에요",
        "비번 {}요",
        "카드 비밀번호가 {}입니다",
        "인증번호 {}입니다",
        "핀번호는 {}이고요",
        "제 비밀번호 {} 맞는데요",
    ],
    "name": [
        "제 이름은 {}입니다",
        "저는 {}이라고 합니다",
        "저는 {}인데요",
        "{}입니다",
        "성함은 {}이에요",
        "{} 고객 본인이에요",
        "예금주는 {}입니다",
        "받는 사람은 {}으로 해 주세요",
        "{} 앞으로 보내 주세요",
        "안녕하세요 저는 {}이에요",
        "이름이 {}이고요",
        "{} 명의로 되어 있어요",
        "{} 씨 계신가요",
        "수령인 이름 {}으로 바꿔 주세요",
        "신청인은 {}이에요",
        "{} 과장님 연결해 주세요",
        "{}님이 주문하셨어요",
    ],
    "address": [
        "주소는 {}이에요",
        "{}로 보내 주세요",
        "배송지를 {}로 바꿔 주세요",
        "저희 집은 {}입니다",
        "{} 살아요",
        "{}",
        "이사해서 {}로 전입신고 하려고요",
        "새 주소가 {}예요",
        "{} 여기로 배달해 주세요",
    ],
    "email": [
        "이메일은 {}이에요",
        "{}으로 보내 주세요",
        "메일 주소가 {}입니다",
        "{}",
        "명세서는 {} 여기로 받을게요",
        "제 이메일 {}이요",
    ],
    "birth": [
        "생년월일은 {}입니다",
        "제 생일은 {}이에요",
        "{}에 태어났어요",
        "{}생이에요",
        "생년월일 {}이요",
        "아이 생년월일이 {}인데요",
    ],
    "document": [
        "여권번호는 {}입니다",
        "제 여권 번호 {}이에요",
        "여권이 {}인데 재발급하려고요",
        "운전면허번호 {}입니다",
        "면허 번호는 {}이에요",
    ],
    "plate": ["차량번호는 {}입니다", "제 차 번호 {}이에요", "{} 차량 주차 등록이요 차 번호예요", "번호판이 {}예요"],
}
EN = {
    "phone": [
        "my number is {}",
        "please call me at {}",
        "you can reach me on {}",
        "{}",
        "my phone number is {} thanks",
        "it's {}",
        "call {} when you arrive",
        "text me on {}",
        "my cell is {}",
        "the number i ordered with is {}",
        "yes {} is my mobile",
        "my husband's phone is {}",
        "the contact number is {}",
    ],
    "resident": [
        "my resident registration number is {}",
        "the registration number is {}",
        "{}",
        "my alien registration number is {}",
        "resident number {}",
        "i need a certificate, my resident number is {}",
    ],
    "card": [
        "my card number is {}",
        "the card is {}",
        "please block card {}",
        "{}",
        "i paid with {}",
        "the credit card number is {}",
        "i lost my card {}",
    ],
    "account": [
        "my account number is {}",
        "please refund to account {}",
        "transfer it to {}",
        "the bank account is {}",
        "send it to my account {} at shinhan bank",
        "my salary account should be {}",
    ],
    "secret": [
        "my password is {}",
        "the pin is {}",
        "my pin code is {}",
        "the verification code is {}",
        "it's {} my passcode",
        "the security code on the back is {}",
    ],
    "name": [
        "my name is {}",
        "this is {}",
        "i'm {}",
        "{} speaking",
        "it's under the name {}",
        "my name's {} and i want a refund",
        "the account holder is {}",
        "hi this is {} calling about my order",
        "the recipient is {}",
        "you can call me {}",
        "the name on the order is {}",
        "hello i am {}",
    ],
    "address": [
        "my address is {}",
        "i live at {}",
        "please deliver to {}",
        "send it to {}",
        "{}",
        "i moved to {}",
        "change the delivery address to {}",
        "it's {} please",
        "the new address is {}",
    ],
    "email": [
        "my email is {}",
        "send it to {}",
        "{}",
        "email me at {}",
        "the address is {}",
        "it's {}",
        "please use {} for the statement",
    ],
    "birth": [
        "my date of birth is {}",
        "i was born on {}",
        "my birthday is {}",
        "born {}",
        "date of birth {}",
        "{} is my date of birth",
    ],
    "document": [
        "my passport number is {}",
        "passport {}",
        "the passport is {}",
        "my driver's licence number is {}",
        "my license number is {}",
    ],
    "plate": ["my plate number is {}", "the license plate is {}", "my car number is {}"],
}
# A second set, written when the first one was done with: what no rule was made for.
FURTHER_KO = {
    "phone": [
        "아까 말한 거 말고요 {}으로 다시 걸어 주실래요",
        "집 전화는 {}고 낮에는 잘 안 받아요",
        "혹시 {} 이 번호 등록돼 있나요",
        "어머니 번호로 받을게요 {}예요",
        "그 번호 없어졌고 지금은 {} 써요",
        "{} 이쪽으로 문자 한 통 넣어 주세요",
        "끊기면 {}로 부탁드립니다",
        "저 {} 쓰는 사람인데요 주문 확인 좀요",
    ],
    "resident": [
        "주민번호 뒷자리까지요? {}요",
        "등록된 주민등록번호가 {} 맞는지 봐 주세요",
        "아버지 주민번호로 할게요 {}입니다",
        "저 {}인데 등본 발급 되나요",
    ],
    "card": [
        "카드 앞면에 {}라고 적혀 있어요",
        "삼성카드 {}인데 분실했어요",
        "{} 이걸로 결제된 거 취소해 주세요",
        "카드번호요? {}요",
    ],
    "account": [
        "{} 우리은행이에요",
        "거기 말고 하나은행 {}로 넣어 주세요",
        "자동이체 계좌 {} 맞나요",
        "새마을금고 {} 예금주는 저예요",
        "기업은행 계좌 {}에서 빠져나갔어요",
    ],
    "secret": ["비밀번호를 {}로 바꿔 주세요", "{} 이게 제 비밀번호예요", "인증번호가 {}라고 왔어요"],
    "name": [
        "주문자는 {}예요",
        "네 맞아요 {}입니다",
        "{}이요",
        "계약자 이름은 {}로 되어 있을 거예요",
        "저희 어머니 성함이 {}인데요",
        "{}라고 하는데요 주문 좀 봐 주세요",
        "상담원 {}님하고 통화했었어요",
        "대리인은 {}이에요",
        "저 {}인데 아까 전화했던 사람이에요",
    ],
    "address": [
        "배송지가 {}로 돼 있나요",
        "아니요 {}이에요",
        "{} 문 앞에 놔 주세요",
        "이번 주에 {}로 이사 가요",
        "{} 앞인데 기사님 언제 오세요",
        "전입할 곳은 {}입니다",
    ],
    "email": ["영수증은 {}로 부탁해요", "{} 맞죠", "회사 메일은 {}예요", "{} 쓰고 있어요"],
    "birth": [
        "{}생인데 대상이 되나요",
        "제가 {}에 태어나서요",
        "생년월일 먼저 말씀드리면 {}요",
        "저희 아들이 {}생이거든요",
    ],
    "document": ["여권 {}요", "여권번호가 {}로 시작하는 거요", "면허증에 {}라고 돼 있어요"],
    "plate": ["차번호 {} 등록하려고요", "제 차가 {}인데 차량번호 바꿔 주세요"],
}
FURTHER_EN = {
    "phone": [
        "no use {} instead",
        "could you ring me back on {} after six",
        "the phone on file should be {}",
        "that number is old, it's {} now",
        "send the code to {} please",
        "my office line is {}",
        "i'm calling from {}",
        "try {} if i don't pick up",
    ],
    "resident": [
        "is my resident number {} on file",
        "my mother's registration number is {}",
        "it's {} for the registration number",
    ],
    "card": [
        "the one ending, the full card number is {}",
        "cancel the charge on {}",
        "my visa is {}",
        "somebody used my card {} yesterday",
    ],
    "account": [
        "deposit it into {} at woori bank",
        "the money left my account {}",
        "the iban, no, the account number, {}",
        "my account, that's {}",
    ],
    "secret": [
        "can you change my pin to {}",
        "{} is the password i set",
        "they texted me the code, verification code {}",
    ],
    "name": [
        "yes this is {} again",
        "the order was placed by my wife her name is {}",
        "{} here",
        "i'm {} and i ordered a week ago",
        "could i speak to mr {}",
        "my full name is {}",
        "put it under the name of {}",
        "good morning my name is {} i have a question",
    ],
    "address": [
        "we live at {} now",
        "no, {} please",
        "is it going to {}",
        "the parcel should go to {}",
        "we just moved from {}",
        "leave it at {}",
    ],
    "email": [
        "my e-mail address is {} if you need it",
        "the receipt should go to {}",
        "can you update my email to {}",
        "no it's {}",
    ],
    "birth": ["i was born {}", "my son's date of birth is {}", "the birth date is {}"],
    "document": ["the number in my passport is {}", "driver's license {}"],
    "plate": ["please register my car, plate {}", "the number plate is {}"],
}

SURNAMES = "김 이 박 최 정 강 조 윤 장 임 한 오 서 신 권 황 안 송 류 홍 전 고 문 양 손 배 백 허 남 심 노 하 곽 성 차 주 우 구 민 남궁 황보".split()
GIVEN = (
    "민수 서연 지훈 예은 도윤 하준 서준 지우 영희 철수 미경 은정 상철 경숙 재현 수빈 태호 나래 보람 가영 동욱 혜진 성호 정숙 승현 다은 유진 현우 채원 준서 시우 윤아"
    " 소희 병철 순자 옥순 광수 진영 한결 슬기"
).split()
EN_NAMES = (
    "John Smith|Mary Johnson|Emily Clark|Michael Brown|Sarah Wilson|David Lee|Jennifer Kim|Robert Taylor|Linda Park|James Anderson|Susan Choi"
    "|Daniel Thomas|Karen White|Kevin Harris|Nancy Martin|Brian Walker|Laura Hall|Peter Young|Amy King|George Wright|Jisoo Han|Minji Kang"
    "|Oliver Green|Charlotte Adams|Thomas Baker|Grace Nelson|Hannah Carter|Steven Mitchell|Rachel Perez|Eric Campbell"
).split("|")
DOMAINS_KO = (
    ("naver.com", "네이버 닷컴"),
    ("gmail.com", "지메일 닷컴"),
    ("daum.net", "다음 닷넷"),
    ("hanmail.net", "한메일 점 넷"),
    ("company.co.kr", "컴퍼니 점 시오 점 케이알"),
)
LETTERS_KO = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "에이 비 씨 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 알 에스 티 유 브이 더블유 엑스 와이 제트".split(),
        strict=True,
    )
)
LOCALS = ("hong", "minsu", "kimys", "lovely", "sky", "jpark", "happy", "blue", "star", "ksj")
ROADS = (
    "테헤란로",
    "판교역로",
    "세종대로",
    "올림픽로",
    "양재대로",
    "중앙로",
    "강남대로",
    "월드컵로",
    "충장로",
    "해운대로",
    "통일로",
    "백제대로",
)
REGIONS = (
    "서울시 강남구",
    "서울 마포구",
    "경기도 성남시 분당구",
    "부산광역시 해운대구",
    "대전 서구",
    "광주 북구",
    "인천시 남동구",
    "경기도 수원시 영통구",
    "제주시",
    "전주시 덕진구",
)
DONGS = ("역삼동", "상도동", "우동", "정자동", "연남동", "봉천동", "송정동")
FLATS = ("행복아파트", "래미안아파트", "한빛빌라", "현대아파트", "푸른마을아파트", "성원아파트")
STREETS = (
    "Main Street",
    "Oak Avenue",
    "Baker Street",
    "Park Road",
    "Elm Drive",
    "Maple Lane",
    "King Street",
    "Sunset Boulevard",
    "Church Road",
    "Hill Court",
)
CITIES = ("Seattle", "London", "Austin", "Boston", "Denver")


def korean_value(kind: str, rng: random.Random) -> tuple[str, str]:
    """A value and its form."""
    groups = {
        "phone": lambda: phone_groups(rng, "ko"),
        "resident": lambda: resident_groups(rng),
        "card": lambda: card_groups(rng),
        "account": lambda: account_groups(rng),
    }
    if kind in groups:
        form = rng.choice(KO_FORMS)
        return in_korean(groups[kind](), rng, form), form
    if kind == "secret":
        form = rng.choice(("written", "run on", "apart", "misspaced"))
        return in_korean([digits(rng, rng.choice((4, 6)))], rng, form), form
    if kind == "name":
        surname, given = rng.choice(SURNAMES), rng.choice(GIVEN)
        spaced = rng.random() < 0.15
        return (f"{surname} {given}" if spaced else surname + given), ("misspaced" if spaced else "plain")
    if kind == "email":
        local, number = rng.choice(LOCALS), digits(rng, rng.choice((0, 2, 3)))
        domain, said = rng.choice(DOMAINS_KO)
        if rng.random() < 0.4:
            return f"{local}{number}@{domain}", "written"
        named = local if rng.random() < 0.5 else " ".join(LETTERS_KO[letter] for letter in local)
        count = "".join(KO_DIGITS[int(d)] for d in number)
        return f"{named} {count}".strip() + f" 골뱅이 {said}", "spoken"
    if kind == "address":
        number, block, door = rng.randint(2, 480), rng.randint(101, 120), rng.choice((1203, 302, 1504, 701, 105))
        spoken = rng.random() < 0.5
        n = (lambda value: sino(value)) if spoken else str
        style = rng.random()
        if style < 0.4:
            text = f"{rng.choice(REGIONS)} {rng.choice(ROADS)} {n(number)}"
            if rng.random() < 0.5:
                text += f" {rng.choice(FLATS)} {n(block)}동 {n(door)}호"
        elif style < 0.7:
            text = f"{rng.choice(REGIONS)} {rng.choice(DONGS)} {n(number)}" + (
                f"다시 {n(rng.randint(1, 30))}" if spoken else f"-{rng.randint(1, 30)}"
            )
            if rng.random() < 0.4:
                text += " 번지"
        else:
            text = f"{rng.choice(FLATS)} {n(block)}동 {n(door)}호"
        return text, "spoken" if spoken else "written"
    if kind == "birth":
        year, month, day = birth(rng)
        style = rng.choice(("written", "figures", "spoken", "digits", "digits"))
        if style == "written":
            return f"{year}년 {month}월 {day}일", style
        if style == "figures":
            return rng.choice(
                (f"{year}-{month:02}-{day:02}", f"{year}.{month}.{day}", f"{year % 100:02}{month:02}{day:02}")
            ), style
        if style == "spoken":
            month_said = {6: "유", 10: "시"}.get(month, sino(month))
            return f"{sino(year)}년 {month_said}월 {sino(day)}일", style
        return in_korean([f"{year % 100:02}{month:02}{day:02}"], rng, rng.choice(("run on", "apart"))), "spoken"
    if kind == "document":
        if rng.random() < 0.6:
            number = rng.choice("MS") + (
                digits(rng, 8) if rng.random() < 0.5 else f"{digits(rng, 3)}{rng.choice('ABCDE')}{digits(rng, 4)}"
            )
            if rng.random() < 0.5 or not number[1:].isdigit():
                return number, "written"
            return {"M": "엠", "S": "에스"}[number[0]] + " " + in_korean([number[1:]], rng, "run on"), "spoken"
        groups_ = [f"{rng.randint(11, 28)}", digits(rng, 2), digits(rng, 6), digits(rng, 2)]
        return ("-".join(groups_), "written") if rng.random() < 0.5 else (in_korean(groups_, rng, "spoken"), "spoken")
    letter = rng.choice("가나다라마거너더러버서어저고노도로모보소오조구누두루무부수우주하허호")
    front, back = (
        str(rng.randint(100, 699)) if rng.random() < 0.5 else str(rng.randint(11, 69)),
        str(rng.randint(1000, 9999)),
    )
    if rng.random() < 0.5:
        return f"{front}{letter}{rng.choice(('', ' '))}{back}", "written"
    return f"{sino(int(front))} {letter} " + "".join(KO_DIGITS[int(d)] for d in back), "spoken"


def english_value(kind: str, rng: random.Random) -> tuple[str, str]:
    groups = {
        "phone": lambda: phone_groups(rng, "en"),
        "resident": lambda: resident_groups(rng),
        "card": lambda: card_groups(rng),
        "account": lambda: account_groups(rng),
    }
    if kind in groups:
        form = rng.choice(EN_FORMS)
        return in_english(groups[kind](), rng, form), form
    if kind == "secret":
        form = rng.choice(("written", "spoken", "apart", "doubled"))
        return in_english([digits(rng, rng.choice((4, 6)))], rng, form), form
    if kind == "name":
        name = rng.choice(EN_NAMES)
        return (name.lower(), "lower case") if rng.random() < 0.6 else (name, "capitals")
    if kind == "email":
        first, last = rng.choice(EN_NAMES).lower().split()
        domain = rng.choice(("gmail.com", "outlook.com", "yahoo.co.uk", "example.org", "naver.com"))
        link = rng.choice((".", "_", ""))
        if rng.random() < 0.4:
            return f"{first}{link}{last}@{domain}", "written"
        said = {".": " dot ", "_": " underscore ", "": " "}[link]
        local = f"{first}{said}{last}" if link else first
        if rng.random() < 0.3:
            local = " ".join(first[:4])
        return f"{local} at {domain.replace('.', ' dot ')}", "spoken"
    if kind == "address":
        number = rng.randint(2, 980)
        spoken = rng.random() < 0.5
        from voicebot.nlu.numerals import english

        text = f"{english(number) if spoken else number} {rng.choice(STREETS)}"
        if rng.random() < 0.4:
            text += f" {rng.choice(('apartment', 'apt', 'unit', 'flat'))} {english(rng.randint(2, 40)) if spoken else rng.choice(('4B', '12', '305'))}"
        if not spoken and rng.random() < 0.4:
            text += f", {rng.choice(CITIES)}"
        return (text.lower() if spoken else text), "spoken" if spoken else "written"
    if kind == "birth":
        from voicebot.nlu.numerals import english_ordinal, english_year

        year, month, day = birth(rng)
        months = "January February March April May June July August September October November December".split()
        style = rng.choice(("written", "figures", "spoken"))
        if style == "written":
            return rng.choice((f"{months[month - 1]} {day}, {year}", f"{day} {months[month - 1]} {year}")), style
        if style == "figures":
            return rng.choice((f"{year}-{month:02}-{day:02}", f"{month}/{day}/{year}")), style
        return f"{months[month - 1].lower()} {english_ordinal(day)} {english_year(year)}", style
    if kind == "document":
        number = rng.choice("MS") + digits(rng, 8)
        if rng.random() < 0.5:
            return number, "written"
        return f"{number[0].lower()} {english_digits(number[1:])}", "spoken"
    return rng.choice(
        (f"{digits(rng, 3)} ABC", f"AB{digits(rng, 2)} XYZ", f"{digits(rng, 1)}XYZ{digits(rng, 3)}")
    ), "written"


WEIGHTS = {
    "phone": 6,
    "resident": 3,
    "card": 3,
    "account": 3,
    "secret": 2,
    "name": 5,
    "address": 4,
    "email": 3,
    "birth": 2,
    "document": 1,
    "plate": 1,
}


def personal(
    rng: random.Random, count: int, korean: dict[str, list[str]], english: dict[str, list[str]]
) -> list[Sentence]:
    kinds = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]
    made: list[Sentence] = []
    for number in range(count):
        kind, language = kinds[number % len(kinds)], rng.choice(("ko", "ko", "en"))
        value, form = (korean_value if language == "ko" else english_value)(kind, rng)
        template = rng.choice((korean if language == "ko" else english)[kind])
        start = template.index("{}")
        made.append(Sentence(kind, form, language, template.replace("{}", value), start, start + len(value)))
    return made


# ---- Harmless ----

HARMLESS_KO = [
    "주문번호는 {8}이에요",
    "운송장 번호 {12} 조회해 주세요",
    "접수번호 {10}입니다",
    "사번은 {6}이에요",
    "{amount}원 환불해 주세요",
    "{n}개 주문할게요",
    "{month}월 {day}일에 주문했어요",
    "{hour}시 {minute}분에 예약돼 있나요",
    "{n}번이요",
    "모델명은 {4}이에요",
    "회원번호 {6}이고요",
    "{year}년 {month}월 {day}일까지 가능한가요",
    "총 {amount}원 결제했는데 {amount2}원만 들어왔어요",
    "상품번호 {7} 재고 있나요",
    "{day}일 오후 {hour}시로 바꿔 주세요",
    "우편번호가 {5}예요",
    "키가 {3}센티미터예요",
    "대표번호가 1588-{4} 맞나요",
    "한도가 {amount}원인가요",
    "{n}층에 있어요",
    "{n}박 {n2}일이요",
    "사이즈 {3}으로 바꿀게요",
    "{n}호선 타고 가나요",
]
HARMLESS_EN = [
    "my order number is {8}",
    "tracking number {12} please",
    "the reference number is {10}",
    "my employee number is {6}",
    "refund me {amount} won",
    "i want {n} of them",
    "i ordered it on november {day}",
    "at {hour}:{minute2} please",
    "option {n}",
    "the model is {4}",
    "membership number {6}",
    "by {year}-{month2}-{day2}",
    "i paid {amount} won but got {amount2}",
    "item number {7}",
    "change it to the {day}th at {hour}",
    "it is {3} centimetres",
    "coupon code {6}",
    "about {n} days ago",
]


def harmless_numbers(rng: random.Random, count: int) -> Iterator[Sentence]:
    for number in range(count):
        language = ("ko", "en")[number % 2]
        template = rng.choice(HARMLESS_KO if language == "ko" else HARMLESS_EN)

        def fill(match: re.Match[str], language: str = language) -> str:
            name = match[1]
            if name.isdigit():
                value = f"{rng.randint(1, 9)}" + digits(rng, int(name) - 1)
                if language == "ko" and rng.random() < 0.4:
                    return "".join(KO_DIGITS[int(d)] for d in value)
                if language == "en" and rng.random() < 0.4:
                    return english_digits(value)
                return value
            low, high = {
                "amount": (1000, 990000),
                "amount2": (1000, 9000),
                "n": (1, 9),
                "n2": (2, 9),
                "month": (1, 12),
                "month2": (10, 12),
                "day": (1, 28),
                "day2": (10, 28),
                "hour": (1, 11),
                "minute": (1, 59),
                "minute2": (10, 59),
                "year": (2025, 2027),
            }[name]
            value = rng.randint(low, high)
            if name.startswith("amount"):
                return f"{value:,}" if rng.random() < 0.5 or language == "en" else sino(value)
            return sino(value) if language == "ko" and name not in ("n",) and rng.random() < 0.4 else str(value)

        yield Sentence("numbers", "", language, re.sub(r"\{(\w+)\}", fill, template), 0, 0)


def harmless_of_packs() -> Iterator[Sentence]:
    """What the packs' callers say and what the bot answers, with values filled in that are nobody's."""
    folder = Path(__file__).parents[1] / "prompts"
    values = {
        "order_number": "20260312", "number": "2026001234", "amount": "12,900", "total": "45,000", "date": "2026-11-24", "day": "2026-11-24", "time": "14:30",
        "count": "3", "title": "배송 조회", "product": "무선 이어폰", "value": "20260312", "balance": "1,250,000", "days": "12", "phone": "1588-1234",
    }  # fmt: skip
    for name in PACKS:
        pack = load_pack(folder, name)
        for language, words in pack.languages.items():
            for expansions in words.sentences.values():
                for expansion in list(expansions)[:12]:
                    yield Sentence("callers", name, language, re.sub(r"[<{\[]\w+[>}\]]", "3", expansion.text), 0, 0)
            for variants in words.replies.values():
                for variant in variants:
                    text = re.sub(r"\{([\w.]+)\}", lambda found: values.get(found[1].split(".")[-1], ""), variant.text)
                    yield Sentence("replies", name, language, text, 0, 0)


def is_found(sentence: Sentence) -> bool:
    """Whether nothing telling of the value is left: all of its digits and letters but one lie in what was found."""
    covered: set[int] = set()
    for one in find(sentence.text, sentence.language):
        covered.update(range(one.start, one.end))
    telling = [at for at in range(sentence.start, sentence.end) if sentence.text[at].isalnum()]
    left = [at for at in telling if at not in covered]
    return not left


@dataclass(frozen=True)
class Result:
    rows: dict[str, dict[str, int]]
    misses: list[Sentence]
    touched: list[Sentence]
    harmless: dict[str, int]
    median_us: float
    p99_us: float


def measure(count: int, seed: int) -> Result:
    """Half of the sentences are of each set of templates."""
    rng = random.Random(seed)
    sentences = [*personal(rng, count // 2, KO, EN), *personal(rng, count // 2, FURTHER_KO, FURTHER_EN)]
    rows: dict[str, dict[str, int]] = {}
    misses = []
    times = []
    for sentence in sentences:
        row = rows.setdefault(f"{sentence.kind} {sentence.language}", {"sentences": 0, "found": 0})
        row["sentences"] += 1
        began = time.process_time_ns()
        redact(sentence.text, sentence.language)
        times.append((time.process_time_ns() - began) / 1000)
        if is_found(sentence):
            row["found"] += 1
        else:
            misses.append(sentence)
    harmless = [*harmless_numbers(rng, count // 2), *harmless_of_packs()]
    counts: dict[str, int] = {}
    touched = []
    for sentence in harmless:
        counts[sentence.kind] = counts.get(sentence.kind, 0) + 1
        if redact(sentence.text, sentence.language) != sentence.text:
            touched.append(sentence)
    times.sort()
    return Result(rows, misses, touched, counts, times[len(times) // 2], times[len(times) * 99 // 100])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sentences", type=int, default=2400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--misses", action="store_true", help="show what was missed, and what was touched")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(arguments.sentences, arguments.seed)
    total = sum(row["sentences"] for row in result.rows.values())
    found = sum(row["found"] for row in result.rows.values())
    if arguments.json:
        summary = {
            "sentences": total, "found": found, "recall": found / total, "rows": result.rows, "harmless": result.harmless,
            "touched": len(result.touched), "median_us": result.median_us, "p99_us": result.p99_us,
        }  # fmt: skip
        print(json.dumps(summary, ensure_ascii=False))
        return
    print(f"{'kind':<14} {'sentences':>9} {'found':>6} {'recall':>8}")
    for kind, row in sorted(result.rows.items()):
        print(f"{kind:<14} {row['sentences']:>9} {row['found']:>6} {row['found'] / row['sentences']:>8.1%}")
    print(f"{'all':<14} {total:>9} {found:>6} {found / total:>8.2%}")
    count = sum(result.harmless.values())
    print(f"harmless: {len(result.touched)} of {count} touched ({len(result.touched) / count:.2%})", result.harmless)
    print(f"CPU a sentence: median {result.median_us:.0f} us, 99 % {result.p99_us:.0f} us")
    if arguments.misses:
        for sentence in result.misses:
            print(
                "MISSED ",
                sentence.kind,
                sentence.form,
                "|",
                sentence.text,
                "|",
                redact(sentence.text, sentence.language),
            )
        for sentence in result.touched:
            print(
                "TOUCHED",
                sentence.kind,
                sentence.form,
                "|",
                sentence.text,
                "|",
                redact(sentence.text, sentence.language),
            )


if __name__ == "__main__":
    main()
