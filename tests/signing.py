"""Sign requests as a Restate server does: request identity v1."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

if TYPE_CHECKING:
    from pathlib import Path

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Signer:
    """A key pair of a Restate server.

    Attributes:
        public_key: the public key as an endpoint takes it.
    """

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public_key = identity_key(self._key.public_key().public_bytes_raw())

    def pem_file(self, directory: Path) -> Path:
        """Write the private key as a server reads it."""
        file = directory / "identity.pem"
        file.write_bytes(self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return file

    def token(self, claims: object, *, header: object = None) -> bytes:
        """Return a signed JWT with these claims."""
        head = header or {"typ": "JWT", "alg": "EdDSA", "kid": self.public_key}
        signed = b".".join(_encode(json.dumps(part).encode()) for part in (head, claims))
        return signed + b"." + _encode(self._key.sign(signed))

    def headers(self, path: str, now: float, **changes: Any) -> list[tuple[bytes, bytes]]:
        """Return the headers of a request to a path, as the server (1.7) signs it."""
        second = int(now)
        claims = {"aud": path, "iat": second, "nbf": second - 60, "exp": second + 60, **changes}
        return signature(self.token({k: v for k, v in claims.items() if v is not None}))


def signature(token: bytes, scheme: bytes = b"v1") -> list[tuple[bytes, bytes]]:
    """Return the headers that carry a token."""
    return [(b"x-restate-signature-scheme", scheme), (b"x-restate-jwt-v1", token)]


def identity_key(raw: bytes) -> str:
    """Return the text of a public key."""
    number = int.from_bytes(raw, "big")
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = _BASE58[digit] + digits
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    return f"publickeyv1_{'1' * zeros}{digits}"


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
