"""Put the contract of a service into the metadata that is registered with Restate.

`restate-proto deploy` compares the registered contract with the one that is about to replace it.
The contract is found through the generated code, which lies beside the messages of its `.proto`
file.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING

from restate_proto.codec.library_descriptors import contract_files
from restate_proto.contract.metadata import CONTRACT, write_contract

if TYPE_CHECKING:
    from google.protobuf.descriptor import FileDescriptor

    from restate_proto.model.service import ServiceBase, ServiceDescriptor

__all__ = ["described_with_contract"]

_GENERATED = "_restate"


def described_with_contract(service: ServiceBase) -> ServiceDescriptor:
    """Return a service's descriptor, with its contract in the metadata.

    Args:
        service: an object that implements a generated base. If the base was written by hand, there
            is no contract, and the descriptor is returned unchanged.
    """
    descriptor = service.__restate_service__
    base = next(each for each in type(service).__mro__ if "__restate_service__" in vars(each))
    file = _file(base.__module__)
    text = None if file is None else write_contract(file)
    if text is None:
        return descriptor
    metadata = {CONTRACT: text, **descriptor.config.metadata}
    return replace(descriptor, config=replace(descriptor.config, metadata=metadata))


def _file(module: str) -> FileDescriptor | bytes | None:
    """Return the descriptor of the file that a module was generated from."""
    if not module.endswith(_GENERATED):
        return None
    files = contract_files(module)
    if files is not None:
        return files
    try:
        messages = importlib.import_module(f"{module.removesuffix(_GENERATED)}_pb2")
    except ImportError:
        return None
    return getattr(messages, "DESCRIPTOR", None)
