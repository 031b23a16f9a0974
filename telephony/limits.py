"""Every limit of the Twilio side in one place: default, unit, reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """One value per limit; a test or a deployment replaces single ones."""

    # The media stream, inwards
    message_chars: int = 65_536
    """Characters of a message that is parsed. Twilio's are about 300; 65,536 hold six seconds of sound."""
    socket_message_bytes: int = 16 * 2**20
    """Bytes at which the socket itself is closed (1009): memory, before the signature's owner is known to be sane."""
    start_within_s: float = 5.0
    """Seconds from the upgrade to a valid `start`. Twilio sends it at once; whoever does not is not Twilio."""
    sockets_without_start: int = 64
    """Sockets waiting for `start` at the same time, so that openers alone can't exhaust the machine."""
    silent_stream_s: float = 30.0
    """Seconds without any usable message after which the caller counts as gone. Twilio sends 50 a second, always."""
    gap_filled_ms: int = 5_000
    """Milliseconds of lost sound replaced by silence at once. The call's clock is its sound; more is a broken line."""

    # The media stream, outwards
    ahead_s: float = 1.0
    """Seconds of sound sent ahead of real time: bridges a busy machine, and Twilio's buffer is not documented."""
    frames_at_once: int = 10
    """20 ms frames sent in one message (200 ms): a tenth of the messages of one frame at a time, and what is played
    never comes closer to its end than 0.8 s. Twilio takes sound of any length."""
    queued_s: float = 600.0
    """Seconds of sound queued for a call (4.8 MB); what goes beyond is dropped and its mark answered."""
    send_within_s: float = 10.0
    """Seconds that one batch of frames may take to leave; a peer who reads slower is gone."""
    ping_every_s: float = 3.0
    """Seconds between two pings on a socket: a proxy knows by their absence that a host is gone, also while the bot has
    nothing to say."""
    mark_within_s: float = 3.0
    """Seconds after the end of its sound (or a `clear`) in which a mark must come back; then it counts as played."""

    # Calls
    hang_up_within_s: float = 5.0
    """Seconds a conversation has to end by itself when the caller is gone; then it is cancelled."""
    token_s: float = 20.0
    """Seconds a stream token is good for, and keeps a place: before it connects, within 5 s, Twilio says up to 8 s of
    <Say>; the rest is slack. A call that ends before gives its place back at once, where Twilio tells us."""
    place_lease_s: float = 20.0
    """Seconds for which a worker's call keeps its place without a sign of the worker: then the place is free again."""
    place_renewed_s: float = 5.0
    """Seconds between two signs: three may be lost."""
    streams_per_call: int = 2
    """Streams of one call: when the first one breaks, one more, then people."""
    written_calls: int = 200
    """Conversations with browsers in a worker that are written on both sides: they need a hundredth of a spoken one's
    time, and take no place of those."""
    hops: int = 6
    """Times that a call is sent to another host: where the load balancer chooses between two by chance, one call in 64
    meets the same one each time. Twilio follows ten."""
    call_remembered_s: float = 6 * 3600.0
    """Seconds for which a call's state is kept: Twilio's default longest call is 4 h."""

    # Connections
    connections: int = 1_000
    """HTTP connections at once in a worker, WebSockets not counted; beyond them the one goes that has been silent for
    longest. Twilio opens one for each webhook, and a busy worker answers a few in a second."""
    head_within_s: float = 10.0
    """Seconds from a connection's opening, or the end of the last request on it, to the end of a request's head."""
    head_bytes: int = 32_768
    """Bytes of a request's head. Twilio's are under 2 kB; proxies add some."""
    files: int = 16_384
    """Files and sockets that a worker may have open, where the system lets it."""
    refused_per_source: float = 5.0
    """Refused requests a second from one address, and ten at once, that are looked at and logged."""
    refused_overall: float = 50.0
    """The same from all addresses together. Requests with a signature are always looked at."""

    page_threads: int = 8
    """Requests for pages at once in a worker; they wait for the database, not for the processor."""
    page_bytes: int = 2 * 2**20
    """Bytes of a request for a page: forms, and recordings that people upload."""

    # Webhooks
    webhook_bytes: int = 65_536
    """Bytes of a webhook's body. Twilio's are 1 to 4 kB."""
    webhook_fields: int = 1_000
    """Form fields of a webhook."""
    webhook_body_within_s: float = 10.0
    """Seconds in which a webhook's body must have arrived. Twilio itself gives up after 15."""
    webhook_threads: int = 10
    """Flask requests at once."""
    answer_kept_s: float = 60.0
    """Seconds for which an answer is given again to the same request. Twilio tries again within its 15 s."""
    agent_rings_s: int = 30
    """Seconds an agent's telephone rings. Twilio's own default."""

    # People
    agents_rung: int = 5
    """Numbers that are rung one after another for one caller: with 30 s each, two and a half minutes."""
    agent_decides_s: int = 10
    """Seconds an agent has to take a call after its summary was spoken; a machine that answered never does."""
    menu_asks: int = 3
    """Times that a menu outside the stream is read out before it goes on without an answer."""
    voicemail_s: int = 120
    """Seconds of a voicemail: longer ones are not listened to."""
    announce_every_s: int = 25
    """Seconds between two announcements of the place in the queue: often enough to know that the line lives."""

    # The end
    handed_over_within_s: float = 20.0
    """Seconds that callers have to hear that a person takes over, when the time for draining is up."""
    last_webhooks_within_s: float = 2.0
    """Seconds that a drain goes on when its last call has ended: how an agent's leg ends is asked just then."""
    after_stream_within_s: float = 5.0
    """Seconds that a drain waits for Twilio to ask where a caller goes after a stream; it asks at once, if at all."""
