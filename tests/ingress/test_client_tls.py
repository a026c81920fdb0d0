"""TLS by file names: the issuers to trust, and the client's certificate."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from restate_proto import IngressClient, IngressUnreachableError, Target
from restate_proto.http2.tls import server_ssl_context
from tests.certificates import self_signed
from tests.http2.support import App, Count, serving

if TYPE_CHECKING:
    from pathlib import Path

COUNT = Target.service("S", "h")  # answers with the number of bytes


class Pair(NamedTuple):
    certificate: Path
    key: Path


@pytest.fixture
def server(tmp_path: Path) -> Pair:
    directory = tmp_path / "server"
    directory.mkdir()
    return Pair(*self_signed(directory))


@pytest.fixture
def own(tmp_path: Path) -> Pair:
    directory = tmp_path / "client"
    directory.mkdir()
    return Pair(*self_signed(directory, host="client"))


def test_a_server_that_wants_to_know_its_clients(server: Pair, own: Pair) -> None:
    async def scenario() -> None:
        context = server_ssl_context(*server)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(own.certificate)
        async with serving(App(Count), ssl=context) as running:
            url = f"https://127.0.0.1:{running.port}"

            async def call(**options: Any) -> int:
                async with IngressClient(url, tls_ca=server.certificate, **options) as client:
                    return await client.call(COUNT, None, int)

            assert await call(tls_certificate=own.certificate, tls_key=own.key) == 0
            words = "or requires a client certificate"
            with pytest.raises(IngressUnreachableError, match=words):
                await call()
            with pytest.raises(IngressUnreachableError, match=words):
                await call(tls_certificate=server.certificate, tls_key=server.key)

    asyncio.run(scenario())


def test_the_key_may_be_in_the_file_of_the_certificate(own: Pair) -> None:
    with own.certificate.open("ab") as file:
        file.write(own.key.read_bytes())
    IngressClient("https://127.0.0.1:9", tls_certificate=str(own.certificate))


def test_files_that_cannot_be_used(server: Pair, own: Pair) -> None:
    locked = own.key.with_name("locked.pem")
    key = load_pem_private_key(own.key.read_bytes(), None)
    password = BestAvailableEncryption(b"password")
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, password))
    for wrong in (server.key, locked, None):
        with pytest.raises(ValueError, match="the key without a password and of this certificate"):
            IngressClient("https://127.0.0.1:9", tls_certificate=own.certificate, tls_key=wrong)
    with pytest.raises(ValueError, match=r"key.pem'\)\): .* a PEM file with the certificates of"):
        IngressClient("https://127.0.0.1:9", tls_ca=own.key)
