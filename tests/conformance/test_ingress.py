"""What the ingress passes on unchanged."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from restate_proto import IngressError
from tests.conformance.suite import Suite, unique
from tests.signing import Signer

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


def test_signed_requests(suite: Suite, configuration: Configuration, tmp_path: Path) -> None:
    """The services accept what their own Restate has signed, and nothing from another."""
    signer = Signer()
    config = {"request-identity-private-key-pem-file": str(signer.pem_file(tmp_path))}
    environ = {"E2E_REQUEST_SIGNING": signer.public_key}
    with configuration.nodes(config=config) as nodes:
        for signed in Suite(configuration, nodes, environ=environ).open():
            with pytest.raises(IngressError, match="401"):
                asyncio.run(signed.register(suite.server))
            counter = signed.object("Counter", unique())
            assert counter.call("add", 1) == {"oldValue": 0, "newValue": 1}
            assert counter.call("get") == 1
