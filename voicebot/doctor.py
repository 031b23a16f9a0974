"""What this machine lacks for the main job, and the command that mends each."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum

from voicebot.config import Configuration
from voicebot.errors import VoicebotError

FREE_BYTES = 500_000_000
"""Space that recordings, transcripts and the sound cache of a day of testing take, with room."""

_REDIS_WITHIN_S = 2.0

FIRST_LISTENERS = {"ko": "vosk-ko", "en": "vosk-en-small"}
SECOND_LISTENER = "whisper-base"


class Level(StrEnum):
    """What a finding means for the main job: answering calls."""

    OK = "ok"
    WARNING = "warning"
    """It can be done, but something is missing."""
    ERROR = "error"
    """It can't be done."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    name: str
    level: Level
    what: str
    remedy: str = ""
    """The command or the change that mends it; empty where all is well."""


Check = Callable[[Configuration], Finding]


def check_python(_configuration: Configuration) -> Finding:
    """Which Python it is; one that is too old could not have imported this."""
    return Finding("Python", Level.OK, sys.version.partition(" ")[0])


def check_synthesiser(_configuration: Configuration) -> Finding:
    """The library that pyttsx3 speaks with."""
    if _loads("libespeak-ng.so.1", "libespeak.so.1"):
        return Finding("synthesiser", Level.OK, "libespeak-ng is here")
    return Finding(
        "synthesiser", Level.ERROR, "libespeak-ng is missing: the bot is mute", "sudo apt-get install -y libespeak-ng1"
    )


def check_voice(configuration: Configuration) -> Finding:
    """How well the voice of the configured language is understood."""
    return _voice(configuration, configuration.language)


def check_other_voice(configuration: Configuration) -> Finding:
    """How well the voice of the language that is not the configured one is understood."""
    return _voice(configuration, _other(configuration))


def check_microphone(_configuration: Configuration) -> Finding:
    """The library for the local sound card, which only `voicebot mic` needs."""
    if _loads("libportaudio.so.2"):
        return Finding("microphone", Level.OK, "PortAudio is here")
    return Finding(
        "microphone",
        Level.WARNING,
        "PortAudio is missing: voicebot mic does not work",
        "sudo apt-get install -y libportaudio2",
    )


def check_first_listener(configuration: Configuration) -> Finding:
    """Vosk and its model for the configured language."""
    return _listener(configuration, configuration.language, Level.ERROR)


def check_other_language(configuration: Configuration) -> Finding:
    """Vosk's model for the language that is not the configured one."""
    return _listener(configuration, _other(configuration), Level.WARNING)


def check_second_listener(configuration: Configuration) -> Finding:
    """Whisper, which hears again what the first listener is not sure of."""
    from voicebot.asr.whisper import installed

    name = "second listener"
    if not configuration.second_listener:
        return Finding(name, Level.OK, "switched off")
    if not installed():
        return Finding(
            name,
            Level.WARNING,
            "its packages are missing: doubtful utterances are asked again instead",
            "pip install ctranslate2 tokenizers",
        )
    return _model(configuration, name, SECOND_LISTENER, Level.WARNING)


def check_content(configuration: Configuration) -> Finding:
    """The pack can be loaded and has the configured language."""
    from voicebot.loading import open_pack

    try:
        pack = open_pack(configuration)
    except VoicebotError as error:
        return Finding("content", Level.ERROR, str(error), "mend that file, or set VOICEBOT_PACK and VOICEBOT_CONTENT")
    if configuration.language not in pack.languages:
        return Finding(
            "content",
            Level.ERROR,
            f"the pack {pack.folder} has no {configuration.language}",
            f"VOICEBOT_LANGUAGE={next(iter(pack.languages), 'ko')}",
        )
    return Finding("content", Level.OK, f"the pack {pack.folder} ({', '.join(pack.languages)})")


def check_port(configuration: Configuration) -> Finding:
    """The port is free, or voicebot itself has it."""
    address = f"{configuration.host}:{configuration.port}"
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            configuration.host, configuration.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with closing(socket.socket(family, kind, protocol)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        if _voicebot_answers(configuration):
            return Finding("port", Level.OK, f"voicebot is serving on {address}")
        return Finding(
            "port",
            Level.ERROR,
            f"{address} can't be had ({error.strerror})",
            f"stop what uses it, or choose another: VOICEBOT_PORT={configuration.port % 65535 + 1}",
        )
    return Finding("port", Level.OK, f"{address} is free")


def check_var(configuration: Configuration) -> Finding:
    """What the service writes can be written, and there is space for it."""
    var = configuration.var.absolute()
    try:
        var.mkdir(parents=True, exist_ok=True)
        probe = var / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
        free = shutil.disk_usage(var).free
    except OSError as error:
        return Finding(
            "var", Level.ERROR, f"{var} can't be written ({error.strerror})", "VOICEBOT_VAR=a folder that can be"
        )
    if free < FREE_BYTES:
        return Finding("var", Level.WARNING, f"{var} has {free // 1_000_000} MB left", "make space on that disk")
    return Finding("var", Level.OK, f"{var}, {free // 1_000_000_000} GB free")


def check_telephony(configuration: Configuration) -> Finding:
    """Token and public URL go together; without either, only calls from this machine are taken."""
    name, token, url = "telephony", configuration.twilio_auth_token.get_secret_value(), configuration.public_url
    if not token and not url:
        return Finding(
            name,
            Level.WARNING,
            "calls are taken from this machine only",
            "for Twilio, set TWILIO_AUTH_TOKEN and VOICEBOT_PUBLIC_URL",
        )
    if not token:
        return Finding(name, Level.WARNING, f"{url} takes no calls without a token", "set TWILIO_AUTH_TOKEN")
    if not url:
        return Finding(
            name,
            Level.WARNING,
            "there is a token but no public URL, so Twilio's signatures can't match",
            "set VOICEBOT_PUBLIC_URL to the URL that Twilio calls",
        )
    if not url.startswith("https://"):
        return Finding(name, Level.WARNING, f"Twilio streams to https only, not to {url}", "put TLS in front of it")
    return Finding(name, Level.OK, f"Twilio reaches this service at {url}")


def check_sharing(configuration: Configuration) -> Finding:
    """Redis answers, and what hosts need to share calls is configured."""
    from voicebot.store.live import LiveStoreError
    from voicebot.store.redis_server import shown

    name, url = "several hosts", configuration.redis_url.get_secret_value()
    if not url:
        return Finding(name, Level.OK, "this host is alone")
    try:
        from voicebot import sharing
        from voicebot.store.live_redis import RedisStore

        sharing.check_sharing(configuration)
        with closing(RedisStore(url, within_s=_REDIS_WITHIN_S)) as live:
            live.add("doctor", sharing.machine(configuration), "1", 1.0)
    except VoicebotError as error:
        return Finding(name, Level.ERROR, str(error), "see docs/scaling.md")
    except LiveStoreError as error:
        return Finding(
            name, Level.ERROR, f"{shown(url)} can't be used ({error})", "start Redis, or mend VOICEBOT_REDIS_URL"
        )
    return Finding(name, Level.OK, f"calls are shared through {shown(url)} as {sharing.machine(configuration)}")


CHECKS: tuple[Check, ...] = (
    check_python,
    check_synthesiser,
    check_voice,
    check_other_voice,
    check_first_listener,
    check_second_listener,
    check_other_language,
    check_content,
    check_var,
    check_port,
    check_telephony,
    check_sharing,
    check_microphone,
)


def examine(configuration: Configuration) -> list[Finding]:
    """The finding of every check."""
    return [check(configuration) for check in CHECKS]


def _loads(*libraries: str) -> bool:
    for library in libraries:
        try:
            ctypes.CDLL(library)
        except OSError:
            continue
        return True
    return False


def _other(configuration: Configuration) -> str:
    return "en" if configuration.language == "ko" else "ko"


def _voice(configuration: Configuration, language: str) -> Finding:
    from voicebot.tts import measured
    from voicebot.tts.engines import KINDS, engines

    name = f"voice {language}"
    try:
        speaking = [engine for engine in engines(configuration) if language in engine.languages]
    except VoicebotError as error:
        return Finding(name, Level.ERROR, str(error), "change that setting")
    voice = speaking[0]
    error_rate = measured.error_rate(voice, language, measured.load(configuration.var))
    told = f"{voice.name}, {error_rate:.0%} of its characters misheard" if error_rate else f"{voice.name}, not checked"
    if error_rate <= measured.HARD_TO_UNDERSTAND:
        return Finding(name, Level.OK, told)
    absent = [known for known in KINDS if known.name not in {engine.name for engine in speaking}]
    better = [
        (known_rate, known.install)
        for known in absent
        if (known_rate := measured.RELEASE.get((known.name, language), 1.0)) < error_rate
    ]
    return Finding(
        name,
        Level.WARNING,
        f"{told}: hard to understand (above {measured.HARD_TO_UNDERSTAND:.0%})",
        min(better)[1] if better else f"record a speaker: voicebot voices script --language {language}",
    )


def _listener(configuration: Configuration, language: str, level: Level) -> Finding:
    name = f"listener {language}"
    if importlib.util.find_spec("vosk") is None:
        return Finding(name, level, "vosk is missing", "pip install vosk")
    return _model(configuration, name, FIRST_LISTENERS[language], level)


def _model(configuration: Configuration, name: str, model_name: str, level: Level) -> Finding:
    from asr_models.catalogue import model
    from asr_models.resolver import find, how_to_install

    try:
        found = find(model(model_name), configuration.model_paths, configuration.var)
    except VoicebotError as error:
        return Finding(name, level, str(error), f"voicebot models install {model_name}")
    if found is None:
        remedy = how_to_install(model(model_name)).removeprefix("install it with: ")
        return Finding(name, level, f"the model {model_name} is not here", remedy)
    return Finding(name, Level.OK, f"{model_name} in {found.folder}")


def _voicebot_answers(configuration: Configuration) -> bool:
    import httpx

    try:
        answer = httpx.get(f"http://{configuration.host}:{configuration.port}/healthz", timeout=2, trust_env=False)
        return bool(answer.json()["alive"])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return False
