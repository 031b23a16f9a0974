"""The words of the interface, in Korean and English, and the choice between them.

Texts stand in `texts/LANGUAGE/AREA.yaml` as `key: text`; a page names them `AREA.key`. Braces are those of replies
(`voicebot.dialogue.replies`): `{agent}{이} 전화를 받았습니다`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast

from flask import Request
from ruamel.yaml import YAML

from voicebot.dialogue.replies import ReplyTemplate

InterfaceLanguage = Literal["ko", "en"]
LANGUAGES: tuple[InterfaceLanguage, ...] = ("ko", "en")

COOKIE = "voicebot_language"
_TEXTS = Path(__file__).parent / "texts"


@functools.cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of a language by `AREA.key`."""
    found: dict[str, str] = {}
    for path in sorted((_TEXTS / language).glob("*.yaml")):
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) or {}
        found |= {f"{path.stem}.{key}": str(text) for key, text in content.items()}
    return found


@functools.cache
def _template(language: str, key: str) -> ReplyTemplate:
    return ReplyTemplate(texts(language)[key])


def text(language: str, key: str, **values: object) -> str:
    """The text `key` with its values put in. Raises KeyError for a text that there isn't: a mistake of ours."""
    return _template(language, key).render(values, language)


def chosen(request: Request, default: str) -> InterfaceLanguage:
    """The language for this request: asked for in the URL, else chosen before, else the browser's, else `default`."""
    for wanted in (request.args.get("lang", ""), request.cookies.get(COOKIE, "")):
        if wanted in LANGUAGES:
            return wanted
    best = request.accept_languages.best_match(LANGUAGES)
    return cast(InterfaceLanguage, best or (default if default in LANGUAGES else "en"))
