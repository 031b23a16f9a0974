from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from voicebot.asr.second_listener import WhisperListener
from voicebot.asr.whisper import WhisperModel, installed

ROOT = Path(__file__).parents[2]


def _model_folder() -> Path | None:
    named = json.loads(os.environ.get("VOICEBOT_MODEL_PATHS") or "{}").get("whisper-base")
    candidates = [Path(named)] if named else []
    candidates += [ROOT / "var/models/whisper-base", ROOT / "var/whisper-base"]
    return next((path for path in candidates if (path / "model.bin").is_file()), None)


@pytest.fixture(scope="session")
def model_folder() -> Path:
    folder = _model_folder()
    if folder is None:
        pytest.skip(
            'whisper-base is not here: voicebot models install, or VOICEBOT_MODEL_PATHS={"whisper-base": FOLDER}'
        )
    if not installed():
        pytest.skip("ctranslate2 and tokenizers are not installed: pip install 'voicebot[whisper]'")
    return folder


@pytest.fixture(scope="session")
def whisper(model_folder: Path) -> WhisperListener:
    return WhisperListener(WhisperModel(model_folder))


@pytest.fixture(scope="session")
def speech() -> Path:
    folder = ROOT / "../shared/speech"
    if not folder.is_dir():
        pytest.skip("the recordings in ../shared/speech are not here")
    return folder
