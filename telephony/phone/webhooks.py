"""Twilio's requests to the service: parameters, signature, redirects."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from telephony.phone import signature
from telephony.phone.settings import CallSettings
from telephony.phone.transport import Reply, Transport

MOST_REDIRECTS = 10
_TIMEOUT_S = 15.0
_REGION = ("City", "State", "Zip", "Country")


class WebhookError(Exception):
    """The service did not answer a request as it must; the text is a sentence."""

    def __init__(self, sentence: str, code: int = 11200) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What came back, and from where in the end."""

    url: str
    reply: Reply


def signed_headers(settings: CallSettings, url: str, form: list[tuple[str, str]]) -> dict[str, str]:
    """The signature header, where there is a token."""
    if not settings.auth_token:
        return {}
    return {signature.HEADER: signature.signature(settings.auth_token, signature.signed_url(url), form)}


def standard_parameters(settings: CallSettings, call_sid: str) -> dict[str, str]:
    """What every request about a call carries, apart from CallStatus."""
    countries = {"Caller": settings.caller, "From": settings.caller, "Called": settings.called, "To": settings.called}
    places = {
        who + part: ("KR" if part == "Country" and number.startswith("+82") else "")
        for who, number in countries.items()
        for part in _REGION
    }
    token = quote('{"parentCallInfoToken":"' + call_sid[2:] + '","identityHeaderTokens":[]}', safe="")
    inbound = {"CallToken": token, "StirVerstat": "TN-Validation-Passed-A"} if settings.direction == "inbound" else {}
    return {
        "AccountSid": settings.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": call_sid,
        **inbound,
        "Called": settings.called,
        "Caller": settings.caller,
        "Direction": settings.direction,
        "From": settings.caller,
        "To": settings.called,
        **places,
    }


def rfc2822_now() -> str:
    """The present moment as Twilio writes it."""
    return format_datetime(datetime.now(UTC))


async def request(
    transport: Transport, settings: CallSettings, method: str, url: str, parameters: Mapping[str, str]
) -> Answer:
    """Send one signed request and follow HTTP redirects.

    Raises WebhookError for anything but a 2xx answer in time, and UnreachableError.
    """
    form = sorted(parameters.items())
    for _ in range(MOST_REDIRECTS + 1):
        headers = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"}
        target, body = urlunsplit(urlsplit(url)._replace(fragment="")), b""
        if method == "POST":
            headers |= signed_headers(settings, target, form)
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
            body = urlencode(form).encode()
        else:
            if form:
                target += ("&" if urlsplit(target).query else "?") + urlencode(form)
            headers |= signed_headers(settings, target, [])
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                reply = await transport.request(method, target, headers, body)
        except TimeoutError:
            raise WebhookError(f"{method} {url} was not answered within {_TIMEOUT_S:.0f} s.", 11205) from None
        if reply.status in (301, 302, 303, 307, 308) and "location" in reply.headers:
            try:
                url = urljoin(url, reply.headers["location"])
            except ValueError:
                raise WebhookError(f"{url} redirects to what is no URL.") from None
            if reply.status not in (307, 308):
                method = "GET"
                form = []
            continue
        if not 200 <= reply.status < 300:
            raise WebhookError(f"{method} {url} was answered with status {reply.status}.")
        return Answer(url, reply)
    raise WebhookError(f"{url} redirects more than {MOST_REDIRECTS} times.", 11215)
