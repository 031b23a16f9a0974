"""A real service, and a real browser whose microphone is a WAV file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers.service_process import ServiceProcess, serving
from voicebot.store.accounts.accounts import Accounts
from voicebot.store.history.database import open_database

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "benchmarks" / "speech"
PASSWORD = "correct horse battery"

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    # Tests run as root in containers; the pages are our own.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)

OpenBrowser = Callable[..., Any]


def _browser_file() -> str:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed; ./script/test-servers installs it")
    return found


@pytest.fixture(scope="module")
def playwright() -> Iterator[Any]:
    """The driver."""
    found = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; `pip install -e .[dev]`")
    with found.sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """`voicebot serve` with somebody of each role that browser tests need."""
    _browser_file()
    folder = tmp_path_factory.mktemp("service")
    database = open_database("", folder / "var")
    database.migrate()
    accounts = Accounts(database)
    for role in ("admin", "agent"):
        accounts.add(role, role, PASSWORD)  # type: ignore[arg-type]
    database.close()
    settings = {"TWILIO_AUTH_TOKEN": "", "VOICEBOT_PUBLIC_URL": "", "VOICEBOT_MOST_CALLS": "8", "VOICEBOT_ENCODER": ""}
    with serving(folder, ROOT, settings) as running:
        running.wait_until_serving(120)
        yield running


@pytest.fixture
def open_browser(playwright: Any) -> Iterator[OpenBrowser]:
    """A browser that hears `speech` as soon as a page listens; without it, silence. Options are the context's."""
    opened: list[Any] = []

    def open_one(speech: Path | None = None, *, permission: bool = True, **options: Any) -> Any:
        flags = [*_FLAGS]
        if permission:
            flags.append("--use-fake-ui-for-media-stream")
        flags.append(f"--use-file-for-fake-audio-capture={speech}%noloop" if speech else "--mute-audio")
        browser = playwright.chromium.launch(executable_path=_browser_file(), args=flags)
        opened.append(browser)
        context = browser.new_context(**({"locale": "ko-KR", "viewport": {"width": 1280, "height": 860}} | options))
        context.set_default_timeout(20_000)
        return context.new_page()

    yield open_one
    for browser in opened:
        browser.close()


def violations(page: Any) -> list[str]:
    """What axe-core finds, each as one line."""
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core-python is not installed")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    results = axe.Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    return [
        f"{found['id']}: {found['help']}: {[node['target'] for node in found['nodes']]}"
        for found in results["violations"]
    ]
