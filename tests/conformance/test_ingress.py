"""What the ingress passes on as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.conformance.suite import Suite, unique

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.configurations import Configuration


def test_headers(suite: Suite) -> None:
    utils = suite.service("TestUtilsService")
    headers = utils.call("echoHeaders", **{"x-my-custom-header": "x-my-custom-value"})
    assert headers["x-my-custom-header"] == "x-my-custom-value"


def test_text(suite: Suite) -> None:
    assert suite.service("TestUtilsService").call("echo", "größe") == "größe"


def test_bytes(suite: Suite) -> None:
    utils = suite.service("TestUtilsService")
    for payload in (bytes(range(256)), b'{"no": json', b""):
        assert utils.call_raw("rawEcho", payload, "application/octet-stream") == payload


def test_signed_requests(configuration: Configuration, tmp_path: Path) -> None:
    """Requests that Restate has signed are served. (The signatures are not verified.)"""
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    file = tmp_path / "key.pem"
    file.write_bytes(pem)
    with configuration.server(
        config={"request-identity-private-key-pem-file": str(file)}
    ) as server:
        for suite in Suite(configuration, server).open():
            counter = suite.object("Counter", unique())
            assert counter.call("add", 1) == {"oldValue": 0, "newValue": 1}
            assert counter.call("get") == 1
