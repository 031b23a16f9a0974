"""TLS on our own port, for installations without a reverse proxy."""

from __future__ import annotations

import ssl

from voicebot.config import Configuration
from voicebot.errors import VoicebotError


class TlsError(VoicebotError):
    """A certificate or a key that can't be used."""


def check_tls(configuration: Configuration) -> bool:
    """Whether the port speaks TLS. Raises TlsError where it is meant to, but can't."""
    certificate, key = configuration.tls_cert, configuration.tls_key
    if certificate is None and key is None:
        return False
    if certificate is None or key is None:
        given, lacking = ("tls_key (--key)", "tls_cert (--cert)")[:: 1 if certificate is None else -1]
        raise TlsError(f"{given} is set but {lacking} is not; TLS needs the certificate and its key.")
    for path, what in ((certificate, "certificate"), (key, "key")):
        try:
            path.open("rb").close()
        except OSError as error:
            raise TlsError(f"the TLS {what} {path} can't be read ({error.strerror}); check the path.") from None
    try:
        # A key with a passphrase would wait for somebody to type it.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError(
                f"the TLS key {key} is not that of the certificate {certificate}; give both of a pair."
            ) from None
        raise TlsError(
            f"the TLS certificate {certificate} or its key {key} is not a PEM file without a passphrase "
            f"({error.reason or 'no PEM'}); convert it with `openssl`."
        ) from None
    return True
