"""How many expressions of the tables libraries for normalising text say right, beside voicebot's own speech text.

    pip install num2words inflect wetext g2pkk
    python benchmarks/speech_text_normalisers.py [--json]

Spaces, punctuation and capitals don't count: what is compared is what is heard. `num2words` and `inflect` say single
numbers, so they get each number of an expression, without its commas. `g2pkk` is judged by `convert_num`, its only step
that says numbers, with the commas taken out as well. Libraries that are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ruamel.yaml import YAML

from voicebot.tts.speech_text import spoken

Normaliser = Callable[[str], str]
TABLES = Path(__file__).parents[1] / "tests/tts"
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def expressions(language: str) -> Mapping[str, str]:
    groups = YAML(typ="safe", pure=True).load((TABLES / f"expressions_{language}.yaml").read_text(encoding="utf-8"))
    return {written: said for group in groups.values() for written, said in group.items()}


def number_by_number(say: Callable[[str], str]) -> Normaliser:
    return lambda text: _NUMBER.sub(lambda match: say(match[0].replace(",", "")), text)


def normalisers(language: str) -> Mapping[str, Normaliser]:
    """Those that are installed, by name."""
    found: dict[str, Normaliser] = {"voicebot": lambda text: spoken(text, language)}
    if (library := _installed("num2words")) is not None:
        found["num2words"] = number_by_number(lambda number: str(library.num2words(number, lang=language)))
    if language == "ko" and (g2pkk := _installed("g2pkk.numerals")) is not None:
        found["g2pkk"] = lambda text: str(g2pkk.convert_num(re.sub(r"(?<=\d),(?=\d)", "", text)))
    if language == "en":
        if (inflect := _installed("inflect")) is not None:
            engine = inflect.engine()
            found["inflect"] = number_by_number(lambda number: str(engine.number_to_words(number, andword="")))
        if (wetext := _installed("wetext")) is not None:
            found["wetext"] = wetext.Normalizer(lang="en").normalize
    return found


def _installed(name: str):  # type: ignore[no-untyped-def]
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def heard(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


def right(normalise: Normaliser, table: Mapping[str, str]) -> int:
    count = 0
    for written, said in table.items():
        try:
            count += heard(normalise(written)) == heard(said)
        except Exception:  # a library that fails on an expression has not said it
            continue
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    arguments = parser.parse_args()
    counts = []
    for language in ("ko", "en"):
        table = expressions(language)
        for name, normalise in normalisers(language).items():
            counts.append({"language": language, "by": name, "right": right(normalise, table), "of": len(table)})
    if arguments.json:
        print(json.dumps(counts))
        return
    for one in counts:
        print(f"{one['language']}  {one['by']:<10} {one['right']:>4} of {one['of']}")


if __name__ == "__main__":
    main()
