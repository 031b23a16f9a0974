"""Redis over TLS: by a certificate of one's own authority, and by no other."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.redis_server import PASSWORD, RedisServer, missing

from tests.monitoring.certificate import Certificate
from voicebot.config import Configuration
from voicebot.doctor import Level, check_sharing
from voicebot.store.live import LiveStoreError
from voicebot.store.live_redis import RedisStore

KEY = "0123456789abcdef" * 4


@pytest.fixture
def tls_url(tmp_path: Path) -> Iterator[str]:
    if why := missing():
        pytest.skip(why)
    Certificate(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    server = RedisServer("--tls-port", str(port), "--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients",
                         "no", "--tls-ca-cert-file", cert, "--bind", "127.0.0.1")  # fmt: skip
    yield f"rediss://:{PASSWORD}@localhost:{port}/0"
    server.close()


def test_live_state_goes_over_tls_to_a_server_that_is_known(tls_url: str, tmp_path: Path) -> None:
    store = RedisStore(f"{tls_url}?ssl_ca_certs={tmp_path / 'cert.pem'}", within_s=30)
    store.put("a", "1", "x", 60)
    assert store.get("a", "1") == "x"
    with pytest.raises(LiveStoreError, match=r"(?i)certificate"):
        RedisStore(tls_url, within_s=30).get("a", "1")


def test_the_doctor_tells_whether_hosts_can_share_calls(tls_url: str, tmp_path: Path) -> None:
    def found(url: str, **more: object) -> tuple[Level, str]:
        settings = {"console_key": KEY, "profile_key": KEY, "database_url": "postgresql://localhost/x", **more}
        finding = check_sharing(Configuration(redis_url=url, machine="one", var=tmp_path, **settings))  # type: ignore[arg-type]
        assert PASSWORD not in finding.what
        return finding.level, finding.what

    assert found("")[0] is Level.OK
    known = f"{tls_url}?ssl_ca_certs={tmp_path / 'cert.pem'}"
    level, what = found(known)
    assert level is Level.OK
    assert what.endswith("as one")
    assert found(tls_url)[0] is Level.ERROR
    assert "console_key" in found(known, console_key="")[1]
