from __future__ import annotations

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from voicebot import doctor
from voicebot.config import Configuration
from voicebot.doctor import CHECKS, Finding, Level, examine
from voicebot.tts import measured
from voicebot.tts.pyttsx3_engine import Pyttsx3Engine


def configured(tmp_path: Path, **settings: object) -> Configuration:
    return Configuration.model_validate({"var": tmp_path / "var", "port": 0} | settings)


def test_every_check_has_one_line_and_a_remedy_exactly_where_something_is_wrong(tmp_path: Path) -> None:
    findings = examine(configured(tmp_path))
    assert len(findings) == len(CHECKS)
    for finding in findings:
        assert finding.what
        assert "\n" not in finding.what + finding.remedy
        assert bool(finding.remedy) == (finding.level is not Level.OK), finding


def test_a_busy_port_is_an_error_that_names_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        finding = doctor.check_port(configured(tmp_path, port=port))
    assert finding.level is Level.ERROR
    assert f"VOICEBOT_PORT={port + 1}" in finding.remedy


def test_the_service_itself_on_the_port_is_fine(tmp_path: Path) -> None:
    class Alive(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"alive": true}')

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Alive) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        finding = doctor.check_port(configured(tmp_path, port=server.server_port))
        server.shutdown()
    assert finding == Finding("port", Level.OK, f"voicebot is serving on 127.0.0.1:{server.server_port}")


@pytest.mark.parametrize(
    ("token", "url", "level", "words"),
    [
        ("", "", Level.WARNING, "this machine only"),
        ("", "https://bot.example.com", Level.WARNING, "without a token"),
        ("secret", "", Level.WARNING, "no public URL"),
        ("secret", "http://bot.example.com", Level.WARNING, "https only"),
        ("secret", "https://bot.example.com", Level.OK, "https://bot.example.com"),
    ],
)
def test_token_and_public_url_go_together(tmp_path: Path, token: str, url: str, level: Level, words: str) -> None:
    finding = doctor.check_telephony(configured(tmp_path, twilio_auth_token=SecretStr(token), public_url=url))
    assert finding.level is level
    assert words in finding.what
    assert "secret" not in str(finding)


def test_a_pack_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    finding = doctor.check_content(configured(tmp_path, content=tmp_path, pack="bakery"))
    assert finding.level is Level.ERROR
    assert "bakery" in finding.what


def test_a_model_folder_without_the_model_is_an_error_for_the_configured_language(tmp_path: Path) -> None:
    pytest.importorskip("vosk")
    configuration = configured(tmp_path, language="ko", model_paths={"vosk-ko": tmp_path})
    assert doctor.check_first_listener(configuration).level is Level.ERROR
    configuration = configured(tmp_path, language="en", model_paths={"vosk-ko": tmp_path})
    assert doctor.check_other_language(configuration).level is Level.WARNING


def test_a_file_where_var_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    assert doctor.check_var(configured(tmp_path)).level is Level.ERROR


def test_libraries_that_are_missing_name_their_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing_loads(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", nothing_loads)
    assert "apt-get install -y libespeak-ng1" in doctor.check_synthesiser(configured(tmp_path)).remedy
    assert doctor.check_synthesiser(configured(tmp_path)).level is Level.ERROR
    assert doctor.check_microphone(configured(tmp_path)).level is Level.WARNING


def test_a_language_with_a_voice_that_is_hard_to_understand_is_warned_of(tmp_path: Path) -> None:
    finding = doctor.check_voice(configured(tmp_path, language="ko", voices={"ko": "pyttsx3"}))
    assert finding.level is Level.WARNING
    assert re.search(r"pyttsx3, \d\d% of its characters misheard", finding.what)
    assert "above 20%" in finding.what
    assert finding.remedy


def test_a_voice_that_was_measured_here_counts_by_that(tmp_path: Path) -> None:
    voice = Pyttsx3Engine()
    measured.keep(tmp_path / "var", (measured.figure_of(voice, "ko", 0.11, 20),))
    finding = doctor.check_voice(configured(tmp_path, language="ko", voices={"ko": "pyttsx3"}))
    assert finding == Finding("voice ko", Level.OK, "pyttsx3, 11% of its characters misheard")


def test_a_configured_voice_that_is_not_here_is_an_error(tmp_path: Path) -> None:
    finding = doctor.check_other_voice(configured(tmp_path, language="en", voices={"ko": "piper"}))
    assert finding.level is Level.ERROR
    assert "does not speak that language" in finding.what
