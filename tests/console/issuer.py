"""An identity provider on loopback: OpenID Connect's code flow with PKCE, for one person."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server


class Issuer:
    """What it says of the person who logs in can be changed by tests."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "u-1", "name": "김하늘", "preferred_username": "haneul", "groups": ["it"]}
        self.url = ""
        self.key = RSAKey.generate_key(2048, {"kid": "test"}, private=True)
        self._asked: dict[str, dict[str, str]] = {}

    def application(self) -> Flask:
        flask = Flask("issuer")

        @flask.get("/.well-known/openid-configuration")
        def metadata() -> Any:
            return jsonify(
                issuer=self.url,
                authorization_endpoint=f"{self.url}/authorize",
                token_endpoint=f"{self.url}/token",
                jwks_uri=f"{self.url}/keys",
                response_types_supported=["code"],
                subject_types_supported=["public"],
                id_token_signing_alg_values_supported=["RS256"],
            )

        @flask.get("/keys")
        def keys() -> Any:
            return jsonify(keys=[self.key.as_dict(private=False)])

        @flask.get("/authorize")
        def authorize() -> Any:
            code = f"code-{len(self._asked)}"
            self._asked[code] = dict(request.args)
            return redirect(
                f"{request.args['redirect_uri']}?{urlencode({'code': code, 'state': request.args['state']})}"
            )

        @flask.post("/token")
        def token() -> Any:
            asked = self._asked.pop(request.form["code"])
            digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
                return jsonify(error="invalid_grant"), 400
            now = int(time.time())
            claims = {
                "iss": self.url,
                "aud": asked["client_id"],
                "iat": now,
                "exp": now + 60,
                "nonce": asked["nonce"],
                **self.claims,
            }
            id_token = jwt.encode({"alg": "RS256", "kid": "test"}, claims, self.key)
            return jsonify(access_token="a", token_type="Bearer", expires_in=60, id_token=id_token)

        return flask


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    server = make_server("127.0.0.1", 0, issuer.application(), threaded=True)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
