"""What tests of several folders share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from voicebot.backends.shop_demo import ShopDemo
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import load_pack
from voicebot.service import open_dialogue

ROOT = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="session")
def shop_dialogue(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    """The shop pack's dialogue, trained once."""
    return open_dialogue(load_pack(ROOT / "prompts", "shop"), tmp_path_factory.mktemp("var"))


@pytest.fixture
def shop() -> ShopDemo:
    """A fresh back end whose today is fixed."""
    return ShopDemo(today=lambda: TODAY)
