"""Runs a played site as a server, in a thread of this process."""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from werkzeug.serving import WSGIRequestHandler, make_server

from demo.woocommerce.site import Site
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.web import create_app

DAYS = 30


class _Quiet(WSGIRequestHandler):
    """Passes for nginx, leaves the time to the site's own clock, and says nothing of what it answers."""

    protocol_version = "HTTP/1.1"

    def send_response(self, code: int, message: str | None = None) -> None:
        """The first line and the server's name."""
        self.send_response_only(code, message)
        self.send_header("Server", "nginx/1.22.1")

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 -- werkzeug's own name
        """Nothing."""


@contextmanager
def running(
    shop: PlayedShop, *, host: str = "127.0.0.1", port: int = 0, tls: bool = False, app_url: str = ""
) -> Iterator[Site]:
    """A site that answers in a thread of this process; its address is the shop's from now on.

    port: 0 for a free one. tls: over HTTPS alone, with a certificate that nobody knows: `Site.certificate` is its file.
    """
    with tempfile.TemporaryDirectory(prefix="shelfwise-played-") as folder:
        file = _certificate(Path(folder), host) if tls else None
        context = None if file is None else _context(file)
        server = make_server(
            host, port, lambda _environ, _start: [], threaded=True, request_handler=_Quiet, ssl_context=context
        )
        shop.address = f"{'https' if tls else 'http'}://{host}:{server.server_port}"
        site = Site(shop, **({"app_url": app_url} if app_url else {}))
        site.certificate = file
        server.app = create_app(site)
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            site.close()


def _context(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _certificate(folder: Path, host: str) -> Path:
    """A file with a key and a certificate that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, SHA256())
    )
    file = folder / "site.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file
