"""English numbers, digit strings and what is counted with them. All texts are in lower case."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.nlu.entities.grammar import Candidate, Context
from voicebot.nlu.entities.number_words import (
    ARABIC,
    CARDINAL_EN,
    DECIMAL_EN,
    DIGIT_EN,
    ORDINAL_EN,
    UNDER_100_EN,
    read_digits_en,
    read_english,
    read_ordinal_en,
)
from voicebot.nlu.entities.phones import phone_number

HEAD = r"(?<![a-z0-9.,])"
_NOUNS = (
    "people|persons?|guests?|adults?|children|kids?|passengers?"
    "|items?|pieces?|boxes|box|tickets?|rooms?|nights?|bottles?|"
    "copies|copy|times|units?|orders?|cups?|bags?|packs?|packages?"
    "|packets?|sets?|pairs?|cans?|cartons?|products?|seats?|"
    "beds?|books?|shirts?|cards?|accounts?|users?|devices?|phones?|parcels?|pages?|floors?|of them|of those|of these|"
    "slices?|pizzas?|coffees?|eggs?|apples?|chairs?|tables?|crates?|rolls?|sheets?|copies|payments?|installments?|"
    "instalments?|years? old|years? of age|kilos?|kilograms?|grams?"
    "|litres?|liters?|meters?|metres?|kilometers?|miles?|pounds? of"
    "|employees"
)
_COUNT = re.compile(
    rf"{HEAD}(?:(?:between )?(?P<least>{DECIMAL_EN}) ?(?:-|to|or|and) ?(?P<most>{DECIMAL_EN})"
    rf"|(?P<number>{DECIMAL_EN})|(?P<word>a couple|a pair|a dozen|half a dozen|a|an"
    rf"|(?:{UNDER_100_EN}|\d+) dozen))(?: of)?(?:(?: more| other| extra| large| small| medium| black| white| red"
    rf"| blue| new){{0,2}}) (?P<noun>{_NOUNS})\b"
)
_DOZENS = re.compile(
    rf"{HEAD}(?:(?P<half>half a)|(?P<number>{UNDER_100_EN}|\d+|a)) dozen\b"
    rf"|{HEAD}(?P<couple>a couple)(?: of)?(?! (?:days|weeks|hours|minutes|months|years))\b"
)
_TWICE = re.compile(rf"{HEAD}(?P<word>once|twice)\b(?! again)")
_ORDINAL = re.compile(
    rf"{HEAD}(?P<the>the )?(?:very )?(?P<number>{ORDINAL_EN}|last)(?P<one> one| option| item| choice| order)?\b"
)
_NAMED = re.compile(
    rf"{HEAD}(?:(?:item |option |choice )?number|option|choice|no\."
    rf"|item|line|press|#) ?(?P<number>{CARDINAL_EN}|oh)(?![\d])"
)
_PERCENT = re.compile(rf"{HEAD}(?P<number>{DECIMAL_EN}) ?(?:percent|per cent|%)")
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "thirds": 3,
    "quarter": 4,
    "quarters": 4,
    "fourth": 4,
    "fourths": 4,
    "fifth": 5,
    "fifths": 5,
    "sixth": 6,
    "sixths": 6,
    "eighth": 8,
    "eighths": 8,
    "tenth": 10,
    "tenths": 10,
}
_FRACTION = re.compile(
    rf"{HEAD}(?:(?P<above>one|two|three|four|five|six|seven|eight"
    rf"|nine|a)[ -](?P<below>half|halves|thirds?|quarters?|fourths?"
    rf"|fifths?|sixths?|eighths?|tenths?)|(?P<lone>half)(?= of| the"
    rf"|$))\b(?! past| to | hour| a)"
)
_UNITS = {
    "dollar": "USD",
    "buck": "USD",
    "won": "KRW",
    "euro": "EUR",
    "pound": "GBP",
    "quid": "GBP",
    "yen": "JPY",
    "yuan": "CNY",
}
_AMOUNT = re.compile(
    rf"{HEAD}(?P<number>{DECIMAL_EN}|a) ?(?P<unit>dollars?|bucks?|won|euros?|pounds?|quid|yen|yuan|usd|krw|eur"
    rf"|gbp)\b(?! of )(?:,? (?:and )?(?P<cents>{UNDER_100_EN}|\d{{1,2}})(?: cents?| pence)?(?![\w:]"
    rf"| (?:percent|items|days|o'clock|am|pm)))?"
)
_SIGNED = re.compile(
    rf"(?P<sign>[₩$€¥£]|krw ?|usd ?|us\$|eur ?|gbp ?)"
    rf"(?P<number>{ARABIC}(?:\.\d{{1,2}})?)(?: ?(?P<large>thousand"
    rf"|million|billion|k|m)\b)?"
)
_CENTS = re.compile(rf"{HEAD}(?P<number>{UNDER_100_EN}|\d{{1,2}}) cents?\b")
_CURRENCIES = {
    "₩": "KRW",
    "krw": "KRW",
    "$": "USD",
    "us$": "USD",
    "usd": "USD",
    "€": "EUR",
    "eur": "EUR",
    "¥": "JPY",
    "£": "GBP",
    "gbp": "GBP",
}
_BARE = re.compile(rf"{HEAD}(?P<minus>minus |negative )?(?P<number>{DECIMAL_EN})(?![\w])(?!,\d)(?! digits?\b)")
_SPOKEN = re.compile(
    rf"{HEAD}(?P<plus>plus |\+ ?)?{DIGIT_EN}(?:(?: ?[-,.] ?| dash | hyphen | )?{DIGIT_EN}){{0,39}}(?![\w])"
)
_WRITTEN = re.compile(
    r"(?<![\w.,$€£₩-])(?P<plus>\+ ?)?\(?\d{1,20}\)?(?:[-. ]{1,2}\(?\d{1,12}\)?){0,5}(?![\w%])(?![,.:]\d)"
)
_ISO = re.compile(r"\d{4}([-./])\d{1,2}\1\d{1,2}(?!\d)")
_CHUNK = rf"(?:{UNDER_100_EN}|{DIGIT_EN}|\d+)"
_CHUNKS = re.compile(rf"{HEAD}{_CHUNK}(?:(?:, ?|-| dash | )?{_CHUNK}){{0,23}}(?! (?:hundred|thousand))(?![\w])")
_CARDINAL = re.compile(rf"{HEAD}{CARDINAL_EN}(?![\w])")
_CHUNK_TOKEN = re.compile(rf"{UNDER_100_EN}|{DIGIT_EN}|\d+")
_FILLER = re.compile(
    r"(?:[ .,!?]|um+|uh+|er+|well|so|yes|yeah|okay|ok|it's|it is|its"
    r"|that's|i'd like|i want|i need|i'll take|make it|just|only"
    r"|about|please|thanks|thank you|the|number|is|my|let's say"
    r"|maybe|sir|ma'am|for|with|give me|i said|no)*"
)
_PRONOUN = re.compile(
    r"(?:the|this|that|which|another|no|every|any|each|some|other"
    r"|new|old|same|wrong|right|black|white|red|blue|green|big"
    r"|bigger|small|smaller|large|cheaper|good|better|last|next"
    r"|first|second|third|only|a) $"
)


def alone(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is all that was said, but for hesitation and politeness."""
    return bool(_FILLER.fullmatch(text, 0, start) and _FILLER.fullmatch(text, end))


def digit_strings(text: str, context: Context) -> Iterator[Candidate]:
    """Digits ("double five oh one") and phone numbers. Not asked for, at least three spoken or five written ones."""
    asked = context.expected.get("digits")
    lengths = asked.lengths if asked else ()
    numeric = context.expects("number", "amount", "count")
    for match in _SPOKEN.finditer(text):
        if _ISO.match(match[0]):
            continue
        digits = read_digits_en(match[0])
        written = not re.search("[a-z]", match[0])
        if (phone := phone_number(("+" if match["plus"] else "") + digits, english=True)) and not (
            asked and len(digits) in lengths
        ):
            yield Candidate("phone", phone, *match.span(), rank=3)
        if match["plus"] or written:
            continue
        if len(digits) >= 3 or (asked and len(digits) > 1):
            kind, value = ("number", int(digits)) if numeric and not asked else ("digits", digits)
            yield Candidate(kind, value, *match.span(), rank=2)
    for match in _WRITTEN.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _ISO.match(match[0]):
            continue
        if phone := phone_number(("+" if match["plus"] else "") + digits, english=True):
            yield Candidate("phone", phone, *match.span(), rank=3)
        if match["plus"]:
            continue
        zero = match[0].isdigit() and len(digits) > 1 and digits[0] == "0"
        if asked or (not numeric and (len(digits) >= 5 or zero)):
            yield Candidate("digits", digits, *match.span(), rank=2)
    if asked:
        for match in [*_CHUNKS.finditer(text), *_CARDINAL.finditer(text)]:
            joined = "".join(_digits(token) for token in _CHUNK_TOKEN.findall(match[0]))
            cardinal = read_english(match[0])
            whole = str(cardinal) if isinstance(cardinal, int) else ""
            fits = [one for one in (whole, joined) if one and (not lengths or len(one) in lengths)]
            value = fits[0] if fits else joined or whole
            if len(value) > 1 or not _PRONOUN.search(text[: match.start()]):
                yield Candidate("digits", value, *match.span(), rank=2 if fits else 0)


def _digits(token: str) -> str:
    if token.isdigit():
        return token
    value = read_english(token)
    return str(value) if isinstance(value, int) and value > 9 else read_digits_en(token)


def amounts(text: str, context: Context) -> Iterator[Candidate]:
    """Money: "twelve dollars and fifty cents" is {"amount": 12.5, "currency": "USD"}."""
    for match in _AMOUNT.finditer(text):
        value = 1 if match["number"] == "a" else read_english(match["number"])
        if value is None:
            continue
        unit = match["unit"]
        currency = _CURRENCIES.get(unit) or _UNITS[unit if unit in _UNITS else unit.removesuffix("s")]
        if match["cents"]:
            value = round(value + (read_english(match["cents"]) or 0) / 100, 2)
        yield Candidate("amount", {"amount": value, "currency": currency}, *match.span(), rank=1)
    for match in _SIGNED.finditer(text):
        value = read_english(match["number"])
        if value is not None:
            scale = {"thousand": 1000, "k": 1000, "million": 10**6, "m": 10**6, "billion": 10**9}.get(
                match["large"] or "", 1
            )
            scaled = value * scale
            amount = int(scaled) if scaled == int(scaled) else scaled
            yield Candidate(
                "amount", {"amount": amount, "currency": _CURRENCIES[match["sign"].strip()]}, *match.span(), rank=2
            )
    for match in _CENTS.finditer(text):
        yield Candidate(
            "amount", {"amount": (read_english(match["number"]) or 0) / 100, "currency": "USD"}, *match.span()
        )
    if context.expects("amount"):
        for match in _BARE.finditer(text):
            value = read_english(match["number"])
            if value is not None and not match["minus"] and not _is_pronoun(text, match):
                yield Candidate("amount", {"amount": value, "currency": "USD"}, *match.span())


def counts(text: str, context: Context) -> Iterator[Candidate]:
    """Things counted: "two boxes", "a dozen eggs", "two or three people" ([2, 3])."""
    for match in _COUNT.finditer(text):
        if match["least"]:
            least, most = read_english(match["least"]), read_english(match["most"])
            if least is not None and most is not None and least < most:
                yield Candidate("count", [least, most], *match.span(), rank=2)
            continue
        if match["word"]:
            word = match["word"]
            if word in ("a", "an"):
                if not context.expects("count"):
                    continue
                value: int | float = 1
            elif word.endswith("dozen"):
                value = 6 if word.startswith("half") else 12 * int(read_english(word.split()[0]) or 1)
            else:
                value = 2
        else:
            found = read_english(match["number"])
            if found is None:
                continue
            value = found
        yield Candidate("count", value, *match.span(), rank=1)
    for match in _DOZENS.finditer(text):
        if match["half"] or match["couple"]:
            value = 6 if match["half"] else 2
        else:
            value = 12 * int(read_english(match["number"]) or 1)
        yield Candidate("count", value, *match.span())
    for match in _TWICE.finditer(text):
        if match["word"] == "twice" or context.expects("count"):
            yield Candidate("count", 1 if match["word"] == "once" else 2, *match.span())


def ordinals(text: str, _: Context) -> Iterator[Candidate]:
    """ "the second one", "3rd"; "the last one" is -1."""
    for match in _ORDINAL.finditer(text):
        word = match["number"]
        if word == "last" and not (match["one"] or (match["the"] and alone(text, *match.span()))):
            continue
        if word == "second" and re.search(r"(?:\ba|one|just a|per|every|split) $", text[: match.start()]):
            continue
        if word == "first" and not (match["the"] or match["one"] or alone(text, *match.span())):
            continue
        value = -1 if word == "last" else read_ordinal_en(word)
        if value is not None:
            yield Candidate("ordinal", value, match.start("number"), match.end("number"))


def shares(text: str, _: Context) -> Iterator[Candidate]:
    """Percentages ("ten percent" is 10) and fractions ("two thirds" is "2/3")."""
    for match in _PERCENT.finditer(text):
        value = read_english(match["number"])
        if value is not None:
            yield Candidate("percent", value, *match.span(), rank=1)
    for match in _FRACTION.finditer(text):
        if match["lone"]:
            yield Candidate("fraction", "1/2", *match.span())
            continue
        above = 1 if match["above"] == "a" else read_english(match["above"])
        yield Candidate("fraction", f"{above}/{_PARTS[match['below']]}", *match.span())


def numbers(text: str, context: Context) -> Iterator[Candidate]:
    """Bare numbers; "one" alone is one where a number is asked or nothing else was said."""
    asked = context.expects("number", "count", "ordinal")
    kind = "count" if context.expects("count") and not context.expects("number") else "number"
    for match in _NAMED.finditer(text):
        value = 0 if match["number"] == "oh" else read_english(match["number"])
        if value is not None:
            yield Candidate("number", value, *match.span(), rank=1)
    for match in _BARE.finditer(text):
        words = match["number"]
        if words[0] == "0" and len(words) > 1 and words[1] != "." and not context.expects("number"):
            continue
        if words == "one" and ((not asked and not alone(text, *match.span())) or _is_pronoun(text, match)):
            continue
        value = read_english(words)
        if value is not None:
            yield Candidate(kind, -value if match["minus"] else value, *match.span())


def _is_pronoun(text: str, match: re.Match[str]) -> bool:
    return match["number"] == "one" and bool(_PRONOUN.search(text[: match.start()]))
