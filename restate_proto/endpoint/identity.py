"""Request identity: an endpoint answers only Restate servers whose public key it knows.

restate-server signs each request with its private key (its option
`request-identity-private-key-pem-file`) and sends the signature as a JWT in a header:

    x-restate-signature-scheme: v1
    x-restate-jwt-v1: a compact JWT (RFC 7519), signed with Ed25519 (RFC 8037)

The claims are `aud`, the path of the request without the prefix under which the deployment is
registered; `nbf` and `exp`, a minute around the time of signing; and `iat`.

Verifying a token costs about as much as a small invocation. Restate uses the same token for all
requests to a path within one second. So verified tokens are remembered until they expire. That does
not weaken anything: until then, a token is valid for every request to its path anyway.
"""

from __future__ import annotations

import json
import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeGuard, cast

from restate_proto.logs import get_logger
from restate_proto.model.arguments import wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = [
    "KEYS_VARIABLE",
    "RequestIdentity",
    "is_loopback",
    "request_identity",
    "warn_of_strangers",
]

KEYS_VARIABLE: Final = "RESTATE_PROTO_IDENTITY_KEYS"
"""The environment variable with the keys, separated by commas, of endpoints without the option."""

_PREFIX: Final = "publickeyv1_"
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_KEY_BYTES: Final = 32
_SCHEME: Final = b"x-restate-signature-scheme"
_TOKEN: Final = b"x-restate-jwt-v1"
# How many verified tokens are remembered; each takes about 500 bytes.
_MAX_KEPT: Final = 1_024

_log = get_logger("restate_proto")


class _Claims(NamedTuple):
    """The claims of a token: the path that it is for, and when it is valid (seconds since 1970)."""

    audience: object
    not_before: float
    expires: float


class RequestIdentity:
    """Verifies that requests come from a Restate server whose key is known.

    Args:
        keys: the public keys, `publickeyv1_` and the base58 of 32 bytes.
        clock: returns the time, in seconds since 1970.

    Raises:
        ValueError: a key is invalid.
        ImportError: the package cryptography is not installed.
    """

    def __init__(self, keys: Iterable[str], clock: Callable[[], float] = time.time) -> None:
        try:
            from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra
            from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
        except ImportError as error:
            raise ImportError(
                "identity_keys need the package cryptography: "
                "run `pip install 'restate-proto[identity]'`"
            ) from error
        self._keys: tuple[Ed25519PublicKey, ...] = tuple(
            ed25519.Ed25519PublicKey.from_public_bytes(_key_bytes(key)) for key in keys
        )
        self._invalid_signature = InvalidSignature
        self._clock = clock
        self._verified: dict[bytes, _Claims] = {}
        self._told: set[str] = set()

    def allows(self, headers: Iterable[tuple[bytes, bytes]], route: str) -> bool:
        """Tell whether a request is signed for a path; the log says once for each reason why not.

        Args:
            headers: the header fields of the request, names in lower case.
            route: the path of the request, without the prefix of a proxy or another application.
        """
        problem = self._problem(dict(headers), route)
        if problem is None:
            return True
        if problem not in self._told:
            self._told.add(problem)
            _log.warning("refused a request to %s: %s", route, problem)
        return False

    def _problem(self, headers: Mapping[bytes, bytes], route: str) -> str | None:
        token = headers.get(_TOKEN)
        if token is None or headers.get(_SCHEME) != b"v1":
            return "it is not signed by a Restate server"
        claims = self._verified.get(token)
        if claims is None:
            claims = self._verify(token)
            if claims is None:
                return "its signature is not that of a key in identity_keys"
            if len(self._verified) >= _MAX_KEPT:
                del self._verified[next(iter(self._verified))]  # the oldest
            self._verified[token] = claims
        if not claims.not_before <= self._clock() < claims.expires:
            self._verified.pop(token, None)
            return "its signature has expired, or the clock of this machine or Restate's is wrong"
        if claims.audience != route:
            return "its signature is for another path"
        return None

    def _verify(self, token: bytes) -> _Claims | None:
        """Return the claims of a token, or None if no key has signed it; parse nothing before."""
        signed, _, signature = token.rpartition(b".")
        try:
            if not self._is_signature(_decode(signature), signed):
                return None
            header, claims = map(_parse, signed.split(b"."))
            if header["alg"] != "EdDSA":
                return None
            if not isinstance(claims["iat"], int):
                return None
            return _Claims(claims["aud"], float(claims["nbf"]), float(claims["exp"]))
        except (ValueError, KeyError, TypeError):
            return None

    def _is_signature(self, signature: bytes, signed: bytes) -> bool:
        for key in self._keys:
            try:
                key.verify(signature, signed)
            except self._invalid_signature:
                continue
            return True
        return False


def request_identity(keys: object) -> RequestIdentity | None:
    """Read the option `identity_keys`.

    Args:
        keys: the option `identity_keys`; None takes the keys of the environment variable
            RESTATE_PROTO_IDENTITY_KEYS.

    Returns:
        What verifies requests, or None without keys: then every request is accepted.

    Raises:
        TypeError: the option is not a list of strings.
        ValueError: a key is invalid; the variable is set and empty.
        ImportError: the package cryptography is not installed.
    """
    if keys is None:
        return _from_environment()
    if not _is_list_of_strings(keys):
        expected = 'a list of public keys, such as ["publickeyv1_..."]'
        raise wrong_type("Endpoint", "identity_keys", keys, expected)
    return RequestIdentity(keys) if keys else None


def _is_list_of_strings(value: object) -> TypeGuard[Sequence[str]]:
    return isinstance(value, (list, tuple)) and all(
        isinstance(each, str) for each in cast("Sequence[object]", value)
    )


def _from_environment() -> RequestIdentity | None:
    value = os.environ.get(KEYS_VARIABLE)
    if value is None:
        return None
    keys = [key for each in value.split(",") if (key := each.strip())]
    if not keys:
        raise ValueError(f"{KEYS_VARIABLE} is set and has no key: unset it to let everything in")
    try:
        return RequestIdentity(keys)
    except ValueError as error:
        raise ValueError(f"{KEYS_VARIABLE}: {error}") from None


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def warn_of_strangers(address: str) -> None:
    """Warn that everyone who reaches the endpoint can call it.

    Args:
        address: where it listens.
    """
    _log.warning(
        "everyone who reaches %s can call every handler: set identity_keys to the public key of "
        "your Restate, or serve TLS",
        address,
    )


def _key_bytes(key: str) -> bytes:
    if not key.startswith(_PREFIX):
        raise ValueError(
            f"identity key {key!r} does not begin with {_PREFIX}: take the public key that "
            "restate-server logs at its start (`Loaded request identity key`), or Restate Cloud shows"
        )
    raw = _base58(key.removeprefix(_PREFIX))
    if raw is None:
        raise ValueError(f"identity key {key!r}: what follows {_PREFIX} is not base58")
    if len(raw) != _KEY_BYTES:
        raise ValueError(
            f"identity key {key!r} has {len(raw)} bytes, and an Ed25519 key has {_KEY_BYTES}: "
            "copy the whole key, and nothing else"
        )
    return raw


def _base58(text: str) -> bytes | None:
    """Decode base58, where a leading 1 is a zero byte; None for a character that is not in it."""
    number = 0
    for character in text:
        digit = _BASE58.find(character)
        if digit < 0:
            return None
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _decode(part: bytes) -> bytes:
    """Decode a part of a token: base64url without padding (RFC 7515, section 2).

    Raises:
        ValueError: it is something else.
    """
    decoded = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    # Python passes over foreign characters, and reads + as -; a signature has one form.
    if urlsafe_b64encode(decoded).rstrip(b"=") != part:
        raise ValueError("not base64url")
    return decoded


def _parse(part: bytes) -> Any:
    return json.loads(_decode(part))
