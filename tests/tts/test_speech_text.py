"""What is written is said as a speaker of the language says it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from voicebot.tts.speech_text import LONGEST_SENTENCE, sentences, spoken


def expressions() -> list[tuple[str, str, str]]:
    found = []
    for language in ("ko", "en"):
        groups = YAML(typ="safe", pure=True).load(Path(__file__).with_name(f"expressions_{language}.yaml").read_text())
        found += [(language, written, said) for group in groups.values() for written, said in group.items()]
    return found


@pytest.mark.parametrize(("language", "written", "said"), expressions())
def test_expression_is_said(language: str, written: str, said: str) -> None:
    assert spoken(written, language) == said


def test_each_language_has_at_least_150_expressions() -> None:
    languages = [language for language, _, _ in expressions()]
    assert languages.count("ko") >= 150
    assert languages.count("en") >= 150
