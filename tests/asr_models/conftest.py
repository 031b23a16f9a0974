from collections.abc import Iterator

import pytest

from tests.asr_models.upstream import Upstream, serving


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving() as server:
        yield server
