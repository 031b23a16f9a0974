"""What all of Twilio's webhooks have in common: who may ask, what they say, how they are answered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

import structlog
from flask import Blueprint, Response, abort, g, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from telephony.arrival import arrival_of_request
from telephony.exchange import Exchange
from voicebot.failure import place
from voicebot.logs import name_call

_log = structlog.get_logger(__name__)

_ANSWERS = "answers"
_SID = re.compile(r"[A-Za-z0-9]{1,64}")
_NUMBER = re.compile(r"\+[0-9]{3,15}")

View = Callable[[], Response]


class TwilioRequests:
    """Makes blueprints whose views only Twilio reaches."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._limits = exchange.limits

    def blueprint(self, name: str, views: dict[str, View], *, on_error: View) -> Blueprint:
        """Views by their path below /twilio, such as `/voice`. What goes wrong in one is answered by `on_error`."""
        blueprint = Blueprint(name, __name__, url_prefix="/twilio")
        blueprint.before_request(self._check)
        blueprint.before_request(self._answered_before)
        blueprint.after_request(self._keep_answer)
        for rule, view in views.items():
            blueprint.add_url_rule(rule, rule.strip("/").replace("-", "_"), view, methods=["GET", "POST"])

        def failed(error: Exception) -> Response | HTTPException:
            if isinstance(error, HTTPException):
                self.count(str(error.code))
                return error
            _log.error("webhook failed", path=request.path, error=type(error).__name__, place=place(error))
            return on_error()

        blueprint.register_error_handler(Exception, failed)
        return blueprint

    def twiml(self, document: str, reply: str) -> Response:
        """Answer with a document; `reply` is what the metrics call it."""
        self.count(reply)
        # Twilio keeps replies to GET where nothing forbids it, and a token is good once.
        return Response(document, mimetype="text/xml", headers={"Cache-Control": "no-store"})

    def nothing(self) -> Response:
        """Answer what wants no document."""
        self.count("204")
        return Response(status=204)

    def count(self, reply: str) -> None:
        """Count the present request's reply."""
        endpoint = (request.endpoint or "unknown").rpartition(".")[2]
        self._exchange.metrics.webhooks.labels(endpoint, reply).inc()

    def _answered_before(self) -> Response | None:
        """The answer to the same request, where Twilio did not get it and tries again, perhaps at another worker.

        A convenience: Twilio's token for it is not signed, so the signature is part of the name, and whoever leaves the
        token out is answered by the call's state, which only moves forward.
        """
        name = _attempt()
        known = self._exchange.live.get(_ANSWERS, name) if name else None
        if known is None:
            return None
        self.count("repeated")
        status, _, document = known.partition(" ")
        g.repeated = True
        return Response(document, int(status), mimetype="text/xml", headers={"Cache-Control": "no-store"})

    def _keep_answer(self, response: Response) -> Response:
        name = _attempt()
        if name and response.status_code == 200 and not g.get("repeated"):
            text = f"200 {response.get_data(as_text=True)}"
            self._exchange.live.put(_ANSWERS, name, text, self._limits.answer_kept_s)
        return response

    def _check(self) -> None:
        structlog.contextvars.clear_contextvars()
        request.max_content_length = self._limits.webhook_bytes
        request.max_form_memory_size = self._limits.webhook_bytes
        request.max_form_parts = self._limits.webhook_fields
        # A GET is signed for its URL, whose query has the parameters.
        signed = request.form if request.method == "POST" else None
        if not self._exchange.signatures.admits(arrival_of_request(request), signed):
            if self._exchange.refusals.count(request.remote_addr or ""):
                _log.warning("webhook refused: not signed by Twilio for this URL", path=request.path)
            abort(403)
        call_sid = parameters().get("CallSid", "")
        if not _SID.fullmatch(call_sid):
            abort(400)
        name_call(call_sid)


def persons_number(parameters: Mapping[str, str]) -> str:
    """The number of the person on the call, E.164; empty where it is withheld: then it is a word, or none."""
    outbound = parameters.get("Direction", "").startswith("outbound")
    number = parameters.get("To" if outbound else "From", "")
    return number if _NUMBER.fullmatch(number) else ""


def _attempt() -> str:
    """What all attempts of one request have in common; empty where it is not known."""
    token = request.headers.get("I-Twilio-Idempotency-Token", "")
    signature = request.headers.get("X-Twilio-Signature", "")
    if not token or not signature:
        return ""
    target = f"{request.path}?{request.query_string.decode('latin-1')}"
    settled = f"{token}\0{signature}\0{request.method} {target}"
    return hashlib.sha256(settled.encode(errors="backslashreplace")).hexdigest()


def parameters() -> MultiDict[str, str]:
    """What Twilio says of the call."""
    return request.form if request.method == "POST" else request.args
