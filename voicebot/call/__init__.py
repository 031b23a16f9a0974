"""One call: audio in -> events -> dialogue -> audio out."""

from voicebot.call.live import Call, Conversation, Domains, Pools

__all__ = ["Call", "Conversation", "Domains", "Pools"]
