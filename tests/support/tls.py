"""Certificates of any quality, and a small TLS server to show them: a real HAProxy that answers one page by itself."""

import datetime
import ipaddress
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.UTC)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

INTERMEDIATE = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
LEGACY = f"{INTERMEDIATE}:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384"


ONE_PAGE = 'http-request return status 200 content-type text/html string "<!doctype html><title>Essai</title>"'


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Authority:
    """A certificate authority of a test. `path`: its certificate, as clients trust it. `held`: key and certificate of one that exists."""

    def __init__(self, directory: Path, name: str = "Autorité d’essai", *, held: tuple[Key, x509.Certificate] | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / "ca.pem"
        self._key: Key
        if held is not None:
            self._key, self._certificate = held
            self._name = self._certificate.subject
            return
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = _signed(
            self._name, self._name, self._key, self._key, (), NOW, NOW + datetime.timedelta(days=365), authority=True
        )
        self.path.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def leaf(self, path: Path, names: Sequence[str], *, key: Key | None = None, days: int = 90, age: int = 1) -> Path:
        """A PEM file with chain and key for `names`. `days`: until its end, negative once over; `age`: since its beginning."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        day = datetime.timedelta(days=1)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        made = _signed(subject, self._name, key, self._key, names, NOW - max(age, 1 - days) * day, NOW + days * day)
        path.write_bytes(
            made.public_bytes(Encoding.PEM)
            + self._certificate.public_bytes(Encoding.PEM)
            + key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        return path


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@contextmanager
def tls_server(
    directory: Path,
    certificate: Path,
    *,
    ciphers: str = INTERMEDIATE,
    minimum: str = "TLSv1.2",
    hsts: bool = True,
    extra: str = "",
    rules: Sequence[str] = (ONE_PAGE,),
) -> Iterator[tuple[int, int]]:
    """HAProxy with this certificate: yields its (https, http) ports; http only redirects. `rules`: what it answers; `extra`: more."""
    https, http = free_port(), free_port()
    header = 'http-after-response set-header strict-transport-security "max-age=31536000"' if hsts else ""
    configuration, lines = directory / "haproxy.cfg", "\n    ".join(rules)
    configuration.write_text(
        f"""
global
    ssl-default-bind-options ssl-min-ver {minimum} no-tls-tickets
    ssl-default-bind-ciphers {ciphers}
defaults
    mode http
    timeout client 10s
    timeout http-request 10s
frontend clear
    bind 127.0.0.1:{http}
    http-request redirect location https://%[req.hdr(host),host_only]:{https}%[pathq] code 308
frontend edge
    bind 127.0.0.1:{https} ssl crt {certificate} alpn h2,http/1.1
    {header}
    {lines}
{extra}
""",
        encoding="utf-8",
    )
    program = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "haproxy"
    lax = directory / "openssl.cnf"
    lax.write_text("openssl_conf=a\n[a]\nssl_conf=b\n[b]\nsystem_default=c\n[c]\nCipherString=ALL:@SECLEVEL=0\n", encoding="ascii")
    environment = {"OPENSSL_CONF": str(lax)} if "SECLEVEL=0" in ciphers else {}
    process = subprocess.Popen([program, "-f", str(configuration), "-db"], env=environment, stderr=subprocess.PIPE)
    try:
        _wait(https, process)
        yield https, http
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(process.stderr.read().decode() if process.stderr else "HAProxy ended")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: Key,
    signer: Key,
    names: Sequence[str],
    start: datetime.datetime,
    end: datetime.datetime,
    *,
    authority: bool = False,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        entries = [x509.DNSName(name) if not name[0].isdigit() else x509.IPAddress(ipaddress.ip_address(name)) for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
    return builder.sign(signer, hashes.SHA256())
