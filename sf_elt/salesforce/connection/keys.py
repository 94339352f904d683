"""RSA key pairs for the JWT bearer flow: the private key stays here, the certificate goes to Salesforce."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sf_elt.salesforce.connection.private_file import make_private_folder, write_new_private

BITS = 2048
LEEWAY = timedelta(hours=1)  # for clocks behind this one


@dataclass(frozen=True)
class KeyPair:
    """A private key in PEM, and the self-signed certificate that an app is given."""

    key_file: Path
    certificate_file: Path
    ends_at: datetime


def key_file_of(folder: Path, name: str) -> Path:
    """Where the private key of a connection is put."""
    return folder / f"{name}.key"


def new_key_pair(folder: Path, name: str, *, lasts: timedelta) -> KeyPair:
    """Makes both files, for their owner only, or none. Raises FileExistsError where one stands, NotPrivate, OSError."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key_file, certificate_file = key_file_of(folder, name), folder / f"{name}.crt"
    make_private_folder(folder)
    for file in (key_file, certificate_file):
        if file.exists():
            raise FileExistsError(f"{file} is there already")
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"sf_elt {name}")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - LEEWAY)
        .not_valid_after(now + lasts)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_new_private(key_file, private)
    try:
        write_new_private(certificate_file, certificate.public_bytes(serialization.Encoding.PEM))
    except OSError:  # a full disk: a key alone would be no use, and in the way of the next one
        key_file.unlink(missing_ok=True)
        raise
    return KeyPair(key_file, certificate_file, certificate.not_valid_after_utc)
