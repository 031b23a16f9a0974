"""Recorded prompts: whole texts, and pieces that are joined to sentences."""

from voicebot.tts.recordings.clip import RecordingError
from voicebot.tts.recordings.index import INDEX, load, read_index
from voicebot.tts.recordings.inventory import Recordings
from voicebot.tts.recordings.joining import Fill, Part, Pause, Recorded
from voicebot.tts.recordings.piece import Ending, Piece, normalise

__all__ = [
    "INDEX",
    "Ending",
    "Fill",
    "Part",
    "Pause",
    "Piece",
    "Recorded",
    "RecordingError",
    "Recordings",
    "load",
    "normalise",
    "read_index",
]
