"""What a host serves over TLS, seen from outside: version, suite, certificate chain, headers; and which ports listen on this machine.

`served` is one real handshake by the local OpenSSL, validated against an authority; `tls_hello` asks the questions that OpenSSL no
longer can. Nothing is judged here.
"""

import hashlib
import http.client
import ipaddress
import os
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from garant.kernel.errors import EngineError
from garant.kernel.text import Text

LISTEN = "0A"


@dataclass(frozen=True)
class Certificate:
    """One certificate of a chain. `bits`: size of its key; `signed_with`: hash of its issuer's signature."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    key: str
    bits: int
    signed_with: str
    not_before: datetime
    not_after: datetime
    fingerprint: str
    pin: bytes
    """SHA-256 of its public key (SubjectPublicKeyInfo)."""


@dataclass(frozen=True)
class Served:
    """One handshake. `untrusted`: why the chain is not valid for this host now, empty when it is. `chain`: leaf first."""

    version: str
    suite: str
    chain: tuple[Certificate, ...]
    untrusted: str


@dataclass(frozen=True)
class Answered:
    """One HTTP answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Listener:
    """What listens at one TCP port. `owner`: process number, None when no process that this user may look into holds it; `inodes`: its
    sockets' numbers, by which another user may tell."""

    address: str
    port: int
    owner: int | None
    inodes: tuple[str, ...] = ()

    @property
    def outside(self) -> bool:
        """Whether another machine can reach it."""
        return not ipaddress.ip_address(self.address).is_loopback


def served(address: str, port: int, *, host: str, authority: Path | None, timeout: float = 5.0) -> Served:
    """Shake hands as `host` would be asked for. Raises EngineError when there is no TLS at all."""
    strict = context(authority)
    try:
        return _shake(strict, address, port, host, timeout, "")
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message or str(error)
    except ssl.SSLError as error:
        why = error.reason or str(error)
    except OSError as error:
        said = Text(f"{host} ({address}, port {port}) ne répond pas ({error}).", f"{host} ({address} port {port}) does not answer: {error}")
        raise EngineError(said) from error
    lax = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    lax.check_hostname, lax.verify_mode = False, ssl.CERT_NONE
    lax.set_ciphers("ALL:@SECLEVEL=0")
    try:
        return _shake(lax, address, port, host, timeout, why)
    except OSError as error:
        said = Text(
            f"{host} ({address}, port {port}) refuse toute négociation TLS ({error}).",
            f"{host} ({address} port {port}) refuses every TLS handshake: {error}",
        )
        raise EngineError(said) from error


def context(authority: Path | None) -> ssl.SSLContext:
    """A client that trusts this authority alone; None: the system's store."""
    try:
        return ssl.create_default_context(cafile=str(authority) if authority else None)
    except (OSError, ssl.SSLError) as error:
        raise EngineError(f"the authority {authority} cannot be read: {error}") from error


def ask_in_clear(address: str, port: int, *, host: str, path: str = "/", method: str = "GET", timeout: float = 5.0) -> Answered:
    """One request without TLS, on a connection of its own. Redirects are not followed. Raises EngineError when no answer comes."""
    name = host if port == 80 else f"{host}:{port}"
    lines = [f"{method} {path} HTTP/1.1", f"Host: {name}", "User-Agent: garant-probe", "Connection: close"]
    if method not in ("GET", "HEAD"):
        lines.append("Content-Length: 0")
    try:
        with socket.create_connection((address, port), timeout=timeout) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            body = answer.read(4096)
    except (OSError, http.client.HTTPException) as error:
        raise EngineError(f"http://{name}{path} gives no HTTP answer: {error or type(error).__name__}") from error
    return Answered(answer.status, {key.lower(): value for key, value in answer.getheaders()}, body)


def listeners(proc: Path = Path("/proc")) -> tuple[Listener, ...]:
    """Every listening TCP socket of this network namespace. Raises EngineError when the kernel's tables cannot be read."""
    found = _listening(proc)
    owners = _owners(proc, {inode for inodes in found.values() for inode in inodes})
    return tuple(
        Listener(address, port, next((owners[inode] for inode in inodes if inode in owners), None), tuple(sorted(inodes)))
        for (address, port), inodes in sorted(found.items())
    )


def held(pids: Iterable[int], proc: Path = Path("/proc")) -> frozenset[str]:
    """Numbers of the listening TCP sockets that these processes hold, as far as this user may look into them."""
    wanted = {f"socket:[{inode}]": inode for inodes in _listening(proc).values() for inode in inodes}
    return frozenset(wanted[link] for pid in pids for link in _links(proc / str(pid)) if link in wanted)


def descendants(roots: Iterable[int], proc: Path = Path("/proc")) -> frozenset[int]:
    """These processes and all that they started, as far as they still live."""
    parents: dict[int, int] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
            except OSError:
                continue
    wanted = set(roots)
    ours = {pid for pid in parents if pid in wanted}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return frozenset(ours)


def opaque(pids: Iterable[int], proc: Path = Path("/proc")) -> frozenset[int]:
    """Those of these processes whose open files this user may not list: a listener without an owner could be theirs."""
    found = set()
    for pid in pids:
        try:
            next((proc / str(pid) / "fd").iterdir(), None)
        except PermissionError:
            found.add(pid)
        except OSError:  # ended meanwhile
            continue
    return frozenset(found)


def speaks(address: str, port: int, *, host: str, timeout: float = 3.0) -> str:
    """What a port says to a stranger: `tls`, `ssh`, `redirect` (only leads to https), `clear` (answers in clear), `mute`.

    `mute`: it accepted the connection and said nothing intelligible, in TLS nor in clear.
    """
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared, not bound
    greeting = _first_bytes(target, port, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03", timeout)
    if greeting[:1] in (b"\x15", b"\x16") and greeting[1:2] == b"\x03":
        return "tls"
    if greeting.startswith(b"SSH-"):
        return "ssh"
    answer = _first_bytes(target, port, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii"), timeout)
    if answer.startswith(b"HTTP/1."):
        head = answer.partition(b"\r\n\r\n")[0].lower()
        moved = head.split(b" ", 2)[1:2] in ([b"301"], [b"308"])
        return "redirect" if moved and b"\r\nlocation: https://" in head else "clear"
    return "clear" if greeting or answer else "mute"


def _shake(tls: ssl.SSLContext, address: str, port: int, host: str, timeout: float, untrusted: str) -> Served:
    with socket.create_connection((address, port), timeout=timeout) as raw, tls.wrap_socket(raw, server_hostname=host) as secured:
        suite = secured.cipher()
        leaf = secured.getpeercert(binary_form=True)
        if leaf is None or suite is None:
            raise EngineError(f"{host} shows no certificate")
        # Public from Python 3.13 on; the leaf alone where neither name exists.
        inner = getattr(secured, "_sslobj", None)
        whole = getattr(inner, "get_unverified_chain", lambda: None)()
        chain = [ssl.PEM_cert_to_DER_cert(link.public_bytes()) for link in whole] if whole else [leaf]
    return Served(secured.version() or suite[1], suite[0], tuple(certificate(der) for der in chain), untrusted)


def certificate(der: bytes) -> Certificate:
    """The facts of one DER certificate."""
    read = x509.load_der_x509_certificate(der)
    public = read.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        kind = "RSA"
    elif isinstance(public, ec.EllipticCurvePublicKey):
        kind = public.curve.name
    else:
        kind = type(public).__name__.removesuffix("PublicKey")
    try:
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = []
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Certificate(
        subject=read.subject.rfc4514_string(),
        issuer=read.issuer.rfc4514_string(),
        names=tuple(names),
        key=kind,
        bits=int(getattr(public, "key_size", 256)),
        signed_with=read.signature_hash_algorithm.name if read.signature_hash_algorithm else "none",
        not_before=read.not_valid_before_utc,
        not_after=read.not_valid_after_utc,
        fingerprint=hashlib.sha256(der).hexdigest(),
        pin=hashlib.sha256(spki).digest(),
    )


def _first_bytes(address: str, port: int, sent: bytes, timeout: float) -> bytes:
    try:
        with socket.create_connection((address, port), timeout=timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(sent)
            received = connection.recv(2048)
            while received and b"\r\n\r\n" not in received and received[:1].isalpha() and len(received) < 16_384:
                more = connection.recv(2048)
                if not more:
                    break
                received += more
            return received
    except OSError:
        return b""


def _address(hexadecimal: str) -> str:
    """The kernel writes addresses as 32-bit words in the machine's order (little endian wherever we run)."""
    words = [bytes.fromhex(hexadecimal[at : at + 8])[::-1] for at in range(0, len(hexadecimal), 8)]
    found = ipaddress.ip_address(b"".join(words))
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _listening(proc: Path) -> dict[tuple[str, int], set[str]]:
    """Address and port to the numbers of the sockets that listen there."""
    found: dict[tuple[str, int], set[str]] = {}
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:
            if table == "tcp":
                raise EngineError("the table of TCP sockets cannot be read on this machine") from None
            continue
        for fields in (line.split() for line in lines):
            if fields[3] == LISTEN:
                place, _, port = fields[1].partition(":")
                found.setdefault((_address(place), int(port, 16)), set()).add(fields[9])
    return found


def _owners(proc: Path, inodes: set[str]) -> dict[str, int]:
    """Socket inode to process, for the processes whose files this user may list."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    found: dict[str, int] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            for link in _links(entry):
                if link in wanted:
                    found.setdefault(wanted[link], int(entry.name))
    return found


def _links(process: Path) -> Iterator[str]:
    """What the open files of a process are, as far as this user may look; nothing of one that has ended."""
    try:
        for descriptor in (process / "fd").iterdir():
            yield os.readlink(descriptor)
    except OSError:
        return
