"""Kinds of personal data, and what stands for each in a text that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "phone", "resident", "card", "account", "email", "address", "name", "document", "plate", "birth", "secret", "number"
]
"""`resident`: a resident or foreign registration number; `document`: passport or driver's licence; `secret`: PIN,
password or code; `number`: digits of which only the question tells that they are personal."""

PLACEHOLDERS: dict[str, dict[Kind, str]] = {
    "ko": {
        "phone": "[전화번호]",
        "resident": "[주민등록번호]",
        "card": "[카드번호]",
        "account": "[계좌번호]",
        "email": "[이메일]",
        "address": "[주소]",
        "name": "[이름]",
        "document": "[신분증번호]",
        "plate": "[차량번호]",
        "birth": "[생년월일]",
        "secret": "[비밀번호]",
        "number": "[번호]",
    },
    "en": {
        "phone": "[phone number]",
        "resident": "[registration number]",
        "card": "[card number]",
        "account": "[account number]",
        "email": "[email]",
        "address": "[address]",
        "name": "[name]",
        "document": "[document number]",
        "plate": "[plate number]",
        "birth": "[date of birth]",
        "secret": "[password]",
        "number": "[number]",
    },
}


def placeholder(kind: Kind, language: str) -> str:
    """What stands for it; English for languages that have no words of their own."""
    return PLACEHOLDERS.get(language, PLACEHOLDERS["en"])[kind]


@dataclass(frozen=True)
class Found:
    """Personal data in a text: text[start:end]."""

    kind: Kind
    start: int
    end: int
