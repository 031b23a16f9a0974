"""api.twilio.com for a process that was told of a proxy and a certificate: HTTPS by CONNECT, to the double."""

from __future__ import annotations

import contextlib
import datetime
import socket
import socketserver
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class ApiTunnel:
    """Use it as a context manager; `settings` are the environment of the process."""

    def __init__(self, double_url: str, folder: Path) -> None:
        self._target = urlsplit(double_url)
        self._certificate = folder / "certificate.pem"
        self._key = folder / "key.pem"
        self.hosts: list[str] = []

    @property
    def settings(self) -> dict[str, str]:
        proxy = f"http://127.0.0.1:{self._server.server_address[1]}"
        bundle = str(self._certificate)
        return {
            **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy),
            **dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"), bundle),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def __enter__(self) -> ApiTunnel:
        self._certify()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate, self._key)
        tunnel = self

        class Connect(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += self.request.recv(4096)
                tunnel.hosts.append(head.split()[1].decode())
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                with contextlib.suppress(OSError), context.wrap_socket(self.request, server_side=True) as inside:
                    tunnel._relay(inside)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Connect)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _relay(self, inside: ssl.SSLSocket) -> None:
        """One request and its reply at a time; the double closes after each."""
        with socket.create_connection((self._target.hostname, self._target.port)) as outside:

            def back() -> None:
                with contextlib.suppress(OSError):
                    while piece := outside.recv(65536):
                        inside.sendall(piece)
                with contextlib.suppress(OSError):
                    inside.shutdown(socket.SHUT_RDWR)

            threading.Thread(target=back, daemon=True).start()
            while piece := inside.recv(65536):
                outside.sendall(piece)

    def _certify(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api.twilio.com")])
        now = datetime.datetime.now(datetime.UTC)
        names = [x509.DNSName("api.twilio.com"), x509.DNSName("*.twilio.com"), x509.DNSName("*.ie1.twilio.com")]
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self._certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._key.write_bytes(private)
