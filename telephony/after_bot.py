"""What becomes of a browser caller whom the bot gives to people: the socket stays open, and this port takes it over."""

from __future__ import annotations

from typing import Literal, Protocol

from telephony.asgi import Receive, Send
from telephony.media_stream import MediaStream
from voicebot.channel import Caller, Outcome

Next = Literal["over", "bot"]
"""`over`: the caller is gone, or was said goodbye to; `bot`: the caller goes back to the bot, on the same socket."""


class AfterBot(Protocol):
    """Takes callers of the browser phone from the bot. Implemented by `telephony.agent_lines.AgentLines`."""

    async def take(self, caller: Caller, outcome: Outcome, stream: MediaStream, receive: Receive, send: Send) -> Next:
        """Hold the caller, who waits for an agent and then talks with one, until either is done.

        Nobody else reads or writes the socket meanwhile. `stream` has had its `start`. Beside media the caller is sent
        `{"event": "state", "state": {"name": NAME, ...}}` with the names `waiting` (`place`), `joined` (`agent`),
        `held`, `line_lost`, `ended` (`reason`), and `{"event": "caption", ...}`; the keys 1 (call-back) and 0 (back to
        the bot) work while waiting.
        """
        ...
