"""One call: audio in -> events -> dialogue -> audio out."""

from voicebot.call.conversation import Conversation, Domains, Pools
from voicebot.call.live import Call

__all__ = ["Call", "Conversation", "Domains", "Pools"]
