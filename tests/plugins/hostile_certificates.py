"""TLS servers whose certificates are bad, each in a way of its own."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "localhost"
_DAY = timedelta(days=1)


def bad_certificates(ca: trustme.CA) -> Iterator[tuple[str, ssl.SSLContext]]:
    """Yield what is wrong, completing "a certificate that …", and the context of a server that has it.

    The clients trust `ca` and ask for localhost.
    """
    now = datetime.now(UTC)
    yield "expired 3 days ago", _issued(ca, NAME, not_after=now - 3 * _DAY - timedelta(hours=1))
    yield "is not valid for another 5 days", _issued(ca, NAME, not_before=now + 5 * _DAY + timedelta(hours=1))
    yield "is for another name", _issued(ca, "other.test")
    yield "is of an unknown authority", _issued(trustme.CA(), NAME)
    yield "is of an authority below ours that the server leaves out", _without_intermediate(ca)
    yield "is signed by itself", _made(_key())
    yield "has an authority beside it that signed itself", _with_untrusted_root()
    yield "names its host in the common name alone", _made(_key(), ca=ca, alternative_name=False)
    yield "is for clients", _made(_key(), ca=ca, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    yield "has a key of 1,024 bits", _made(rsa.generate_private_key(65537, 1024), ca=ca)
    yield "is signed by one that may not sign", _signed_by_a_leaf(ca)


def _issued(ca: trustme.CA, *names: str, **options: datetime) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, **options).configure_cert(context)  # type: ignore[arg-type]
    return context


def _without_intermediate(ca: trustme.CA) -> ssl.SSLContext:
    leaf = ca.create_child_ca().issue_cert(NAME)
    return _serving(leaf.private_key_pem.bytes(), leaf.cert_chain_pems[0].bytes())


def _with_untrusted_root() -> ssl.SSLContext:
    stranger = trustme.CA()
    leaf = stranger.issue_cert(NAME)
    chain = leaf.cert_chain_pems[0].bytes() + stranger.cert_pem.bytes()
    return _serving(leaf.private_key_pem.bytes(), chain)


def _signed_by_a_leaf(ca: trustme.CA) -> ssl.SSLContext:
    signer = ca.issue_cert("signer.test")
    signer_pem = signer.cert_chain_pems[0].bytes()
    issuer = x509.load_pem_x509_certificate(signer_pem)
    issuer_key = load_pem_private_key(signer.private_key_pem.bytes(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    key = _key()
    certificate = _built(key, issuer.subject, issuer_key)
    return _serving(_key_pem(key), certificate.public_bytes(Encoding.PEM) + signer_pem)


def _made(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    *,
    ca: trustme.CA | None = None,
    alternative_name: bool = True,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> ssl.SSLContext:
    """Make what trustme would not; without an authority it is signed with its own key."""
    issuer, issuer_key = _subject(), key
    if ca is not None:
        issuer = x509.load_pem_x509_certificate(ca.cert_pem.bytes()).subject
        loaded = load_pem_private_key(ca.private_key_pem.bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
        issuer_key = loaded
    certificate = _built(key, issuer, issuer_key, alternative_name=alternative_name, usage=usage)
    return _serving(_key_pem(key), certificate.public_bytes(Encoding.PEM))


def _built(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    issuer: x509.Name,
    issuer_key: CertificateIssuerPrivateKeyTypes,
    *,
    alternative_name: bool = True,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject())
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )
    if alternative_name:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())  # type: ignore[arg-type]


def _subject() -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _key_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _serving(key_pem: bytes, chain_pem: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # OpenSSL would not serve a weak certificate either.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with NamedTemporaryFile(suffix=".pem") as file:
        Path(file.name).write_bytes(key_pem + chain_pem)
        context.load_cert_chain(file.name)
    return context
