"""Versions of content that people wrote: a bundle of it as it stands, without anything learnt."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from voicebot.backends.registry import open_demonstration
from voicebot.config import Configuration
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.pack_tests import TODAY, find_cases, run_case
from voicebot.loading import open_dialogue, open_pack
from voicebot.store.versions import bundle
from voicebot.store.versions.bundle import Bundle, BundleError


def make_plain(configuration: Configuration, folder: Path, *, author: str, reason: str) -> Bundle:
    """Make the configured pack's content a bundle in `folder`, which must be empty or new.

    It is evaluated by the pack's own tests: the gate lets it pass where all of them do. Raises VoicebotError.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BundleError(f"{folder} is not empty; name a new folder.")
    pack = open_pack(configuration)
    folder.mkdir(parents=True, exist_ok=True)
    bundle.copy_content(pack.folder.parent, pack.name, folder)
    evaluation: dict[str, Any] = {"tests": _tested(pack, configuration.var)}
    failed = evaluation["tests"]["failed"]
    reasons = [f"test dialogue failed: {name}" for name in failed]
    (folder / bundle.EVALUATION).write_text(
        json.dumps({**evaluation, "gate": {"passed": not failed, "reasons": reasons}}, ensure_ascii=False, indent=1)
    )
    return bundle.write(
        folder, pack=pack.name, author=author, reason=reason, software={"voicebot": version("voicebot")}
    )


def _tested(pack: Pack, var: Path) -> dict[str, Any]:
    dialogue = open_dialogue(pack, var)
    failed, number = [], 0
    for case in find_cases(pack):
        backend = open_demonstration(pack.backend, pack.folder, today=lambda: TODAY)
        if backend is None:  # nothing may be tried on a real one
            continue
        number += 1
        result = run_case(case, dialogue, backend)
        if result.failure:
            failed.append(f"{case.language}: {case.dialogue.name}")
    return {"held": number, "passed": number - len(failed), "failed": failed}
