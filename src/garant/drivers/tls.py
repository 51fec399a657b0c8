"""A local certificate authority for development, and what a PEM file says.

- Authority and leaves are P-256; beside them an RSA leaf (2048 bits) for the profile of old browsers.
- The authority may sign for `localhost` and 127.0.0.0/8, ::1 only, when the base host ends in `localhost` (critical name constraints):
  a stolen one is worth little. For any other base it is constrained to that name.
- A leaf lives 90 days and is renewed when less than 30 remain. Its names: the base and `*.base`.
- Keys have mode 0600; files are written whole or not at all. Moments are in UTC.
"""

import ipaddress
import os
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from garant.kernel.errors import ConfigurationError

LEAF_LIFE = timedelta(days=90)
RENEW_BEFORE = timedelta(days=30)
AUTHORITY_LIFE = timedelta(days=3650)
SKEW = timedelta(minutes=5)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def ensure_authority(directory: Path, *, base: str, now: datetime) -> Path:
    """The authority's certificate `ca.pem` (key beside it, `ca.key`), made when absent, for another base, or near its end."""
    certificate, key_file = directory / "ca.pem", directory / "ca.key"
    if certificate.exists() and key_file.exists():
        held = x509.load_pem_x509_certificate(certificate.read_bytes())
        if held.not_valid_after_utc - now > LEAF_LIFE and _allows(held, base):
            return certificate
    directory.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Garant: local authority")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.NameConstraints(_permitted(base), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_secret(key_file, _private(key))
    write_whole(certificate, made.public_bytes(serialization.Encoding.PEM), 0o644)
    return certificate


def ensure_leaf(directory: Path, place: Path, *, base: str, now: datetime, rsa_key: bool = False) -> bool:
    """The PEM file `place` (leaf, authority, key) for `base` and `*.base`; True when it was made or renewed."""
    authority = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    if place.exists() and _good(place, authority, base, now):
        return False
    signer = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise ConfigurationError(f"{directory / 'ca.key'} is not a P-256 key; remove ca.key and ca.pem, they are made again")
    key: Key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(base), x509.DNSName(f"*.{base}")]
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, base[:64])]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + LEAF_LIFE)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    write_secret(place, made.public_bytes(pem) + authority.public_bytes(pem) + _private(key))
    return True


def check_given(place: Path, *, base: str, now: datetime) -> None:
    """A certificate of the operator's. Raises ConfigurationError: unreadable, without key, weak, for other names, or over."""
    try:
        data = place.read_bytes()
        leaf = x509.load_pem_x509_certificates(data)[0]
        key = serialization.load_pem_private_key(data, None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{place} must hold a certificate chain and its unencrypted key, in PEM: {error}") from error
    if key.public_key() != leaf.public_key():
        raise ConfigurationError(f"{place}: the key is not that of the first certificate")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < 2048:
        raise ConfigurationError(f"{place}: an RSA key needs 2048 bits, this one has {key.key_size}")
    names = _names(leaf)
    for wanted in (base, f"*.{base}"):
        if wanted not in names:
            raise ConfigurationError(f"{place} is not for {wanted}, only for {', '.join(sorted(names)) or 'no host'}")
    if leaf.not_valid_after_utc <= now:
        raise ConfigurationError(f"{place} ended on {leaf.not_valid_after_utc:%Y-%m-%d}: give a newer certificate")


def write_secret(place: Path, data: bytes) -> None:
    """Write a file of mode 0600, whole or not at all."""
    write_whole(place, data, 0o600)


def write_whole(place: Path, data: bytes, mode: int) -> None:
    """Write `place` through a temporary file in the same directory."""
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{place.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    os.replace(temporary, place)


def _good(place: Path, authority: x509.Certificate, base: str, now: datetime) -> bool:
    try:
        held = x509.load_pem_x509_certificates(place.read_bytes())[0]
        held.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, IndexError, InvalidSignature):
        return False
    return held.not_valid_after_utc - now > RENEW_BEFORE and {base, f"*.{base}"} <= _names(held)


def _names(certificate: x509.Certificate) -> set[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return set(extension.value.get_values_for_type(x509.DNSName))


def _permitted(base: str) -> list[x509.GeneralName]:
    if base == "localhost" or base.endswith(".localhost"):
        loopback = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
        return [x509.DNSName("localhost"), *(x509.IPAddress(network) for network in loopback)]
    return [x509.DNSName(base)]


def _allows(authority: x509.Certificate, base: str) -> bool:
    try:
        held = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return False
    return list(held.permitted_subtrees or []) == _permitted(base)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: Key) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
