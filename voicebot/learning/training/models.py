"""The models of a version, trained on its content and written beside it; `voicebot.trained` reads them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from voicebot.dialogue.pack import Pack
from voicebot.nlu.encoder import Encoder
from voicebot.nlu.intents_stored import write
from voicebot.trained import ENCODER, FOLDER, FORMAT, INDEX, VERIFICATION, Lesson


def write_models(
    pack: Pack,
    bundle: Path,
    *,
    encoder: Encoder | None,
    verification: Mapping[str, Any],
    cache: Path | None,
    seed: int,
    fine_tuned: Path | None = None,
    progress: Callable[[str], None] = lambda _what: None,
) -> None:
    """Train and write everything under `models/` of a bundle. The same pack, encoder and seed give the same bytes.

    `fine_tuned`: the folder of the encoder's weights, where that is the version's own.
    """
    folder = bundle / FOLDER
    folder.mkdir(parents=True)
    lessons: dict[str, str] = {}
    for language, words in pack.languages.items():
        lesson = Lesson.of(words)
        lessons[language] = lesson.digest
        progress(f"understanding {language}")
        write(lesson.train(None, None, seed), folder, f"{language}-ngrams", None)
        if encoder is not None:
            progress(f"understanding {language} with {encoder.name}")
            write(lesson.train(encoder, cache, seed), folder, language, encoder)
    if fine_tuned is not None:
        shutil.copytree(fine_tuned, folder / ENCODER)
    index = {
        "format": FORMAT,
        "pack": pack.name,
        "lessons": lessons,
        "encoder": encoder.name if encoder else None,
        "fine_tuned": encoder.name if encoder and fine_tuned is not None else None,
    }
    (folder / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    (folder / VERIFICATION).write_text(json.dumps(verification, indent=1) + "\n", encoding="utf-8")
