"""`AesGcmSiv`: encrypts payloads with AES-256-GCM-SIV (RFC 8452), and rotates keys.

    one byte: the length of the key's name    the name    nonce, 12 bytes    ciphertext and tag

The name is authenticated. The nonce is random, so equal payloads are stored as different bytes. If
a nonce is drawn twice, an attacker learns only whether the two payloads are equal. With AES-GCM,
the attacker could recover the authentication key.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import urandom
from typing import TYPE_CHECKING, Final, cast

from restate_proto.model.arguments import wrong_type
from restate_proto.model.payload_codec import PayloadCodecError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

__all__ = ["AesGcmSiv"]

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_LONGEST_NAME: Final = 255


class AesGcmSiv:
    """A payload codec that encrypts.

    Args:
        keys: keys of 32 bytes, by their names, which are stored unencrypted with each payload. The
            first key encrypts; all of them decrypt.

    Raises:
        TypeError: `keys` is not a mapping of strings to bytes.
        ValueError: there are no keys, one has another length, or a name is empty or too long.
        ImportError: the package cryptography is not installed.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        try:
            from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an extra
            from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV  # noqa: PLC0415
        except ImportError as error:
            raise ImportError(
                "AesGcmSiv needs the package cryptography: run `pip install 'restate-proto[codec]'`"
            ) from error
        _check(keys)
        self._keys: dict[bytes, AESGCMSIV] = {
            name.encode(): AESGCMSIV(key) for name, key in keys.items()
        }
        self._writing, self._cipher = next(iter(self._keys.items()))
        self._invalid_tag = InvalidTag

    def encode(self, data: bytes, /) -> bytes:
        """Encrypt a payload with the first key."""
        name, nonce = self._writing, urandom(_NONCE_BYTES)
        return bytes((len(name),)) + name + nonce + self._cipher.encrypt(nonce, data, name)

    def decode(self, data: bytes, /) -> bytes:
        """Decrypt a payload with the key that it names.

        Raises:
            PayloadCodecError: the key is missing or has been replaced, or the payload was changed.
        """
        start = 1 + data[0] if data else 1
        name = data[1:start]
        nonce, sealed = data[start : start + _NONCE_BYTES], data[start + _NONCE_BYTES :]
        cipher = self._keys.get(name)
        shown = name.decode(errors="replace")
        if cipher is None:
            known = ", ".join(repr(key.decode()) for key in self._keys)
            raise PayloadCodecError(
                f"it was encrypted with the key {shown!r}, but there are only {known}: add that key "
                "to those of AesGcmSiv"
            )
        try:
            return cipher.decrypt(nonce, sealed, name)
        except (self._invalid_tag, ValueError) as error:
            raise PayloadCodecError(
                f"the key {shown!r} does not fit: another key had that name when the payload was "
                "encrypted, or the payload was changed since"
            ) from error


def _check(keys: object) -> None:
    if not isinstance(keys, Mapping) or not all(
        isinstance(name, str) and isinstance(key, bytes)
        for name, key in cast("Mapping[object, object]", keys).items()
    ):
        # Only the type is shown, so that no key gets into a log.
        given = type(cast("object", keys))
        raise wrong_type("AesGcmSiv", "keys", given, 'a mapping such as {"2026-12": key}')
    if not keys:
        raise ValueError("AesGcmSiv({}): there must be a key to encrypt with")
    for name, key in cast("Mapping[str, bytes]", keys).items():
        if not 0 < len(name.encode()) <= _LONGEST_NAME:
            raise ValueError(f"AesGcmSiv: the name {name!r} must have 1 to {_LONGEST_NAME} bytes")
        if len(key) != _KEY_BYTES:
            raise ValueError(
                f"AesGcmSiv: the key {name!r} has {len(key)} bytes, and must have {_KEY_BYTES}: make "
                f"one with secrets.token_bytes({_KEY_BYTES})"
            )
