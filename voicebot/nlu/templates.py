"""Sentence templates: what people may say, written once, expanded to plain sentences.

The syntax is hassil's (https://github.com/OHF-Voice/hassil), parsed by hassil:

    (배송|택배)            one of these
    [혹시]                 may be left out
    {상품}                 a value of the list 상품; its slot has the same name
    {상품:다른상품}        a value of the list 상품 for the slot 다른상품
    <인사>                 the rule 인사, itself a template
    (오늘;서울)            both, in any order
    \\( \\[ \\{ \\< \\|        the character itself

and one addition for Korean: **a particle in braces** takes the form that what stands before it calls for.
`(배송|택배){이} 언제 와요` gives "배송이 언제 와요" and "택배가 언제 와요". Either form of a pair may be written:
`{이}` and `{가}` are the same. A particle always clings to the word before it, whatever space is written between.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, permutations

from hassil import expression as tree
from hassil.parse_expression import parse_sentence
from hassil.parser import ParseError

from voicebot.errors import VoicebotError
from voicebot.nlu.hangul import PARTICLES, particle

Values = Mapping[str, Sequence[str]]
"""Lists: name -> what may be said there."""
Rules = Mapping[str, str]
"""Rules: name -> template."""


class TemplateError(VoicebotError):
    """A template that cannot be read; the message names it, the place and the remedy."""

    def __init__(self, template: str, position: int, problem: str) -> None:
        shown = template if len(template) <= 80 else f"{template[:77]}..."
        super().__init__(f'The template "{shown}" {problem}')
        self.template = template
        self.position = position
        """Characters before the place in question."""


@dataclass(frozen=True)
class Expansion:
    """One plain sentence of a template."""

    text: str
    slots: dict[str, str] = field(default_factory=dict)
    """Slot -> the value as it stands in the text. A slot that was kept open is not in it."""
    template: int = 0
    """Which template of several it is of, where whoever expanded them numbered them: those of one are much alike."""
    source: str = ""
    """The label or suggestion that it was learnt from; empty: it was written for the pack."""
    core: str = ""
    """What listeners expect instead: the text without what is said around wishes of every kind; empty: the text."""


@dataclass(frozen=True)
class _Draft:
    """A sentence so far; particles are still placeholders."""

    text: str = ""
    slots: tuple[tuple[str, str], ...] = ()

    def plus(self, text: str) -> _Draft:
        return _Draft(self.text + text, self.slots)


def expand(
    template: str,
    lists: Values | None = None,
    rules: Rules | None = None,
    *,
    keep: Collection[str] = (),
    limit: int = 200,
    seed: int = 0,
) -> list[Expansion]:
    """The sentences of a template, each once, at most `limit` of them.

    A template with more sentences is sampled: the same `seed` gives the same sample, and at every choice the
    branches take turns, so that each alternative and each list value appears as soon as `limit` allows.

    Slots named in `keep` stay open, as `{slot}` in the text (with a particle behind them as `{slot}{을}`): `fill`
    puts values in later. Raises TemplateError for bad syntax, an unknown list or rule, or a rule that contains itself.
    """
    lists, rules = lists or {}, rules or {}
    check(template, lists, rules, keep=keep)
    walk = _Walk(lists, rules, frozenset(keep))
    root = _parsed(template)
    drafts = list(islice(walk.every(root, _Draft()), 4 * limit + 1))
    found = _finished(drafts)
    if len(drafts) <= 4 * limit and len(found) <= limit:
        return found
    choice = _Turns(random.Random(f"{seed}:{template}"))
    sampled = _finished(walk.one(root, _Draft(), choice) for _ in range(4 * limit))
    return sampled[:limit]


def spread(expansions: Sequence[Expansion], most: int) -> list[Expansion]:
    """At most so many of them, in their order: templates take turns, and of each the ones chosen lie far apart."""
    if len(expansions) <= most:
        return list(expansions)
    places: dict[int, list[int]] = {}
    for place, expansion in enumerate(expansions):
        places.setdefault(expansion.template, []).append(place)
    share = dict.fromkeys(places, 0)
    left = most
    while left:
        for template, of_it in places.items():
            if left and share[template] < len(of_it):
                share[template] += 1
                left -= 1
    chosen = [of_it[n * len(of_it) // share[t]] for t, of_it in places.items() for n in range(share[t])]
    return [expansions[place] for place in sorted(chosen)]


def fill(text: str, values: Mapping[str, str]) -> str:
    """An expansion with open slots, its slots filled and its particles resolved; slots without a value stay."""
    return _tidy(_NAME_IN_BRACES.sub(lambda found: values.get(found[1], found[0]), text))


def check(
    template: str, lists: Collection[str] = (), rules: Rules | None = None, *, keep: Collection[str] = ()
) -> frozenset[str]:
    """Check a template and the rules it uses; returns the slots it can fill. Raises TemplateError.

    `lists` may be the names alone; where it is a mapping, a list that is used must have a value.
    """
    empty = {name for name, values in lists.items() if not values} if isinstance(lists, Mapping) else set()
    return frozenset(
        _check(template, frozenset(lists) | frozenset(keep), frozenset(empty) - set(keep), rules or {}, ())
    )


def _check(
    template: str, lists: frozenset[str], empty: frozenset[str], rules: Rules, inside: tuple[str, ...]
) -> set[str]:
    _check_brackets(template)
    slots: set[str] = set()
    for position, kind, name in _references(template):
        at = f"at character {position + 1}"
        if kind == "<":
            if name not in rules:
                problem = f"uses the rule <{name}> {at}, which is not defined: {_known('rules', rules)}."
                raise TemplateError(template, position, problem)
            if name in inside:
                problem = f"uses the rule <{name}> {at} inside the rule <{name}> itself: take it out."
                raise TemplateError(template, position, problem)
            slots |= _check(rules[name], lists, empty, rules, (*inside, name))
        elif name not in PARTICLES:
            listed, _, slot = name.partition(":")
            if listed not in lists:
                problem = f"uses {{{listed}}} {at}, which is neither a list nor a slot: {_known('names', lists)}."
                raise TemplateError(template, position, problem)
            if listed in empty:
                raise TemplateError(
                    template, position, f"uses the list {{{listed}}} {at}, which is empty: add a value."
                )
            slots.add(slot or listed)
    _parsed(template)
    return slots


def _known(what: str, names: Collection[str]) -> str:
    if not names:
        return f"no {what} are defined here"
    shown = sorted(names)
    return f"known {what} are {', '.join(shown[:8])}{' and others' if len(shown) > 8 else ''}"


_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_LONGEST, _DEEPEST = 2000, 20
_NAME = re.compile(r"\w+(?::\w+)?")
_NAME_IN_BRACES = re.compile(r"\{(\w+)\}")


def _check_brackets(template: str) -> None:
    if not template.strip():
        raise TemplateError(template, 0, "is empty: write at least one word.")
    if len(template) > _LONGEST:
        raise TemplateError(template, _LONGEST, f"is longer than {_LONGEST} characters: split it into several.")
    open_brackets: list[tuple[str, int]] = []
    escaped = False
    for position, char in enumerate(template):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char in _CLOSING:
            open_brackets.append((char, position))
            if len(open_brackets) > _DEEPEST:
                problem = f"has brackets {_DEEPEST + 1} deep at character {position + 1}: use a rule or split it."
                raise TemplateError(template, position, problem)
        elif char in ")]}>":
            if not open_brackets:
                opening = next(o for o, c in _CLOSING.items() if c == char)
                problem = (
                    f'closes "{char}" at character {position + 1} without opening it: add "{opening}" or take it out.'
                )
                raise TemplateError(template, position, problem)
            opening, start = open_brackets.pop()
            if _CLOSING[opening] != char:
                problem = (
                    f'opens "{opening}" at character {start + 1} but closes "{char}" at character {position + 1}: '
                    f'close it with "{_CLOSING[opening]}".'
                )
                raise TemplateError(template, position, problem)
            content = template[start + 1 : position]
            if not content.strip():
                problem = f'has an empty "{opening}{char}" at character {start + 1}: fill it or take it out.'
                raise TemplateError(template, start, problem)
            if opening in "{<" and not _NAME.fullmatch(content):
                problem = (
                    f'has "{opening}{content}{char}" at character {start + 1}: '
                    "a name is letters, digits and _ without spaces."
                )
                raise TemplateError(template, start, problem)
    if open_brackets:
        opening, start = open_brackets[-1]
        problem = f'opens "{opening}" at character {start + 1} and never closes it: add "{_CLOSING[opening]}".'
        raise TemplateError(template, start, problem)


def _references(template: str) -> Iterator[tuple[int, str, str]]:
    """Position, `{` or `<`, and name of each reference of a template whose brackets are right."""
    for found in re.finditer(r"\\.|([{<])([^{}<>]+)[}>]", template):
        if found[1]:
            yield found.start(), found[1], found[2]


@lru_cache(maxsize=4096)
def _parsed(template: str) -> tree.Expression:
    try:
        return parse_sentence(template).expression
    except (ParseError, AssertionError) as error:
        raise TemplateError(template, 0, "is not a template that hassil can read: check its brackets.") from error


class _Turns:
    """Chooses a branch: among those taken least often so far, at random."""

    def __init__(self, randomness: random.Random) -> None:
        self._random = randomness
        self._taken: dict[int, Counter[int]] = {}

    def __call__(self, node: object, branches: int) -> int:
        taken = self._taken.setdefault(id(node), Counter())
        least = min(taken[i] for i in range(branches))
        branch = self._random.choice([i for i in range(branches) if taken[i] == least])
        taken[branch] += 1
        return branch


class _Walk:
    """Goes through a template's tree, either every way or one chosen way."""

    def __init__(self, lists: Values, rules: Rules, keep: frozenset[str]) -> None:
        self._lists, self._rules, self._keep = lists, rules, keep

    def every(self, node: tree.Expression, draft: _Draft) -> Iterator[_Draft]:
        match node:
            case tree.TextChunk():
                yield draft.plus(node.original_text)
            case tree.Sequence():
                yield from self._every_in_order(node.items, draft)
            case tree.Alternative():
                for item in node.items:
                    yield from self.every(item, draft)
            case tree.Permutation():
                for order in permutations(node.items):
                    yield from self._every_in_order(order, draft)
            case tree.RuleReference():
                yield from self.every(_parsed(self._rules[node.rule_name]), draft)
            case tree.ListReference():
                for value in self._values(node, draft):
                    yield self._said(node, value, draft)

    def _every_in_order(self, items: Sequence[tree.Expression], draft: _Draft) -> Iterator[_Draft]:
        # One iterator for each item begun; no recursion, for a sentence may be long.
        begun = [iter((draft,))]
        while begun:
            so_far = next(begun[-1], None)
            if so_far is None:
                begun.pop()
            elif len(begun) > len(items):
                yield so_far
            else:
                begun.append(self.every(items[len(begun) - 1], so_far))

    def one(self, node: tree.Expression, draft: _Draft, choice: Callable[[object, int], int]) -> _Draft:
        match node:
            case tree.TextChunk():
                return draft.plus(node.original_text)
            case tree.Sequence():
                items = node.items
            case tree.Alternative():
                items = [node.items[choice(node, len(node.items))]]
            case tree.Permutation():
                remaining, items = list(node.items), []
                while remaining:
                    items.append(remaining.pop(choice(node, len(remaining))))
            case tree.RuleReference():
                items = [_parsed(self._rules[node.rule_name])]
            case tree.ListReference():
                values = self._values(node, draft)
                return self._said(node, values[choice(node, len(values))], draft)
        for item in items:
            draft = self.one(item, draft, choice)
        return draft

    def _values(self, node: tree.ListReference, draft: _Draft) -> Sequence[str | None]:
        """What may be said here; None stands for a slot kept open. A slot said twice has the same value twice."""
        if node.list_name in PARTICLES or node.list_name in self._keep or node.slot_name in self._keep:
            return (None,)
        said = dict(draft.slots).get(node.slot_name)
        return self._lists[node.list_name] if said is None else (said,)

    @staticmethod
    def _said(node: tree.ListReference, value: str | None, draft: _Draft) -> _Draft:
        if value is None:
            return draft.plus(f"{{{node.slot_name}}}")
        return _Draft(draft.text + value, (*draft.slots, (node.slot_name, value)))


def _finished(drafts: Iterator[_Draft] | list[_Draft]) -> list[Expansion]:
    """Particles resolved, spaces tidied, each text once, empty texts left out."""
    found: dict[str, Expansion] = {}
    for draft in drafts:
        text = _tidy(draft.text)
        if text:
            found.setdefault(text, Expansion(text, dict(draft.slots)))
    return list(found.values())


_PARTICLE_IN_BRACES = re.compile(r"\s*\{(" + "|".join(sorted(PARTICLES, key=len, reverse=True)) + r")\}")


def _tidy(text: str) -> str:
    resolved = ""
    start = 0
    for found in _PARTICLE_IN_BRACES.finditer(text):
        resolved += text[start : found.start()]
        # Behind an open slot the form is not known yet.
        resolved += f"{{{found[1]}}}" if resolved.endswith("}") else particle(resolved, found[1])
        start = found.end()
    resolved += text[start:]
    return re.sub(r"\s+([,.?!])", r"\1", " ".join(resolved.split()))
