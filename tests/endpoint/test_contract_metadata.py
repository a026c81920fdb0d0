"""The contract of a service in the metadata that an endpoint registers."""

from __future__ import annotations

import abc
import base64
import zlib
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from restate_proto._codegen import v1 as rt
from restate_proto.contract import metadata
from restate_proto.contract.metadata import CONTRACT, read_contract
from restate_proto.endpoint.contract_metadata import described_with_contract
from shop.v1.cart_restate import CartBase


def made(base: Any) -> Any:
    """Return a service whose handlers are never called."""
    abstract: frozenset[str] = base.__abstractmethods__
    return type("Made", (base,), dict.fromkeys(abstract))()


def test_it_is_the_file_and_what_that_imports() -> None:
    config = described_with_contract(made(CartBase)).config
    files = read_contract(config.metadata[CONTRACT])
    assert files
    names = [file.name for file in files.file]
    assert names[-1] == "shop/v1/cart.proto"
    assert "restatepb/v1/options.proto" in names
    assert [service.name for service in files.file[-1].service] == ["Cart"]
    # The reader brings what every reader has; the contract is short without.
    assert len(config.metadata[CONTRACT]) < 2000


def test_metadata_of_the_contract_itself_wins() -> None:
    descriptor = rt.ServiceDescriptor(
        "shop.v1.Cart",
        rt.ServiceKind.SERVICE,
        (),
        config=rt.Config(metadata={"team": "red", CONTRACT: "mine"}),
    )
    service = type("Mine", (rt.Service,), {"__restate_service__": descriptor})
    service.__module__ = "shop.v1.cart_restate"
    assert described_with_contract(service()).config.metadata == {"team": "red", CONTRACT: "mine"}


@pytest.mark.parametrize("module", [__name__, "nowhere.v1.nothing_restate"])
def test_a_base_that_was_written_by_hand_has_none(module: str) -> None:
    descriptor = rt.ServiceDescriptor("S", rt.ServiceKind.SERVICE, ())
    service = type("Mine", (rt.Service, abc.ABC), {"__restate_service__": descriptor})
    service.__module__ = module
    assert described_with_contract(service()) is descriptor


def test_a_contract_that_is_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "LONGEST", 100)
    assert CONTRACT not in described_with_contract(made(CartBase)).config.metadata


def written(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def test_no_more_is_decompressed_than_a_contract_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    text = described_with_contract(made(CartBase)).config.metadata[CONTRACT]
    size = len(zlib.decompress(base64.b64decode(text)))
    monkeypatch.setattr(metadata, "MOST_BYTES", size)
    assert read_contract(text)
    monkeypatch.setattr(metadata, "MOST_BYTES", size - 1)
    assert read_contract(text) is None
    assert read_contract(written(bytes(size + 1))) is None


@pytest.mark.parametrize("name", ["restatepb/v9/no.proto", "google/protobuf//.proto"])
def test_a_contract_that_needs_what_nobody_has(name: str) -> None:
    files = FileDescriptorSet(file=[FileDescriptorProto(name="a/b.proto", dependency=[name])])
    assert read_contract(written(files.SerializeToString())) is None


@pytest.mark.parametrize("text", ["", "no base64!", "bm90IHppcHBlZA==", "eJwDAAAAAAE="])
def test_what_is_no_contract(text: str) -> None:
    files = read_contract(text)
    assert files is None or not files.file
