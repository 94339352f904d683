"""HTTPS on loopback: a certificate for this machine and for the names of Salesforce that clients redirect to it.

It is signed by an authority made for this one certificate, whose key is never written anywhere: who trusts the
authority's file trusts this org and nobody else.

    REQUESTS_CA_BUNDLE=ca.pem      what Python's requests wants
    NODE_EXTRA_CA_CERTS=ca.pem     what Node wants
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sf_elt.demo_org.auth.credentials import write_private

NAMES = ("localhost", "login.salesforce.com", "test.salesforce.com", "*.my.salesforce.com",
         "*.sandbox.my.salesforce.com")  # fmt: skip
ADDRESSES = ("127.0.0.1", "::1")
LIFE = timedelta(days=90)
LEAST_LEFT = timedelta(days=1)
CLOCK_SKEW = timedelta(hours=1)


@dataclass(frozen=True)
class Tls:
    """The files of one certificate: what clients trust, and what the server proves itself with (key and chain)."""

    ca_file: Path
    server_file: Path


def certificate_beside(file: Path) -> Tls:
    """The certificate in FILE.ca.pem and FILE.server.pem; a new one where they are missing or it ends within a day."""
    tls = Tls(file.with_name(f"{file.name}.ca.pem"), file.with_name(f"{file.name}.server.pem"))
    if not _is_good(tls):
        _make(tls)
    return tls


def _is_good(tls: Tls) -> bool:
    try:
        left = [
            x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc - datetime.now(UTC)
            for file in (tls.ca_file, tls.server_file)
        ]
    except (OSError, ValueError):
        return False
    return min(left) > LEAST_LEFT


def _make(tls: Tls) -> None:
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Demo org's own authority")])
    signer = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.DNSName(name) for name in NAMES] + [x509.IPAddress(ip_address(each)) for each in ADDRESSES]
    server = (
        _builder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Demo org")]), authority_name, server_key.public_key()
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(tls.server_file, (server.public_bytes(pem) + key).decode())
    write_private(tls.ca_file, authority.public_bytes(pem).decode())


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
