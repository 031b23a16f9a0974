"""What can be wrong with speech models."""

from voicebot.errors import VoicebotError


class ModelFilesError(VoicebotError):
    """A speech model that is unknown, missing, damaged, or can't be fetched."""
