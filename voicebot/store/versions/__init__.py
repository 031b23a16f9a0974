"""Versions of a pack: content and models together, immutable, with a state that says which callers get them."""

from voicebot.store.versions.bundle import Bundle, BundleError
from voicebot.store.versions.registry import Versions
from voicebot.store.versions.states import STATES, Action, State, VersionError
from voicebot.store.versions.version import Change, Serving, Version

__all__ = [
    "STATES",
    "Action",
    "Bundle",
    "BundleError",
    "Change",
    "Serving",
    "State",
    "Version",
    "VersionError",
    "Versions",
]
