"""The calls of a handler in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.option_reader import OptionReader
from restate_proto.contract.problems import Problems
from restate_proto.generate.java.names import java_files
from restate_proto.generate.jvm.messages import JavaMessages
from restate_proto.generate.python.names import python_files
from restate_proto.model.kinds import ServiceKind
from restate_proto.reference.calls.call_site import CallSite
from restate_proto.reference.calls.curl import curl_call
from restate_proto.reference.calls.go import go_call
from restate_proto.reference.calls.java import java_call
from restate_proto.reference.calls.jvm import JvmSite
from restate_proto.reference.calls.kotlin import kotlin_call
from restate_proto.reference.calls.python import python_call
from restate_proto.reference.calls.typescript import typescript_call
from restate_proto.reference.document import Calls
from restate_proto.reference.words import is_private

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.contract.schema import FileModel, HandlerModel, ServiceModel
    from restate_proto.reference.used_types import Library

__all__ = ["CallWriter"]


class CallWriter:
    """Writes the calls of a contract's handlers.

    Args:
        files: the files with Restate services.
        library: the types of the contract.
        ingress_url: where Restate's ingress is.
    """

    def __init__(self, files: Iterable[FileModel], library: Library, ingress_url: str) -> None:
        files = tuple(files)
        self._library = library
        self._ingress_url = ingress_url.rstrip("/")
        self._messages = JavaMessages(library.descriptors)
        self._go = OptionReader(library.descriptors)
        # What cannot be said in a language is for its generator to refuse.
        self._java_methods = {
            (service.model.full_name, handler.model.rpc): handler.method
            for file in java_files(files, self._messages, Problems())
            for service in file.services
            for handler in service.handlers
        }

        self._python_names = {
            (service.model.full_name, handler.model.rpc): (service.classes.client, handler.method)
            for file in python_files(files, Problems())
            for service in file.services
            for handler in service.handlers
        }

    def calls(self, service: ServiceModel, handler: HandlerModel) -> tuple[CallSite, Calls]:
        """How to call a handler, and what that is made of."""
        site = CallSite(service, handler, self._library, self._ingress_url)
        private = is_private(service, handler)
        jvm = JvmSite(site, self._messages)
        name = service.full_name, handler.rpc
        choices = (
            curl_call(site, is_private=private),
            python_call(site, *self._python_names[name], is_private=private),
            java_call(jvm, self._java_methods[name], is_private=private),
            kotlin_call(jvm, is_private=private),
            go_call(site, is_generated=self._is_go(service), is_private=private),
            typescript_call(site, is_private=private),
        )
        return site, Calls(choices)

    def _is_go(self, service: ServiceModel) -> bool:
        """Whether the Go SDK's generator makes clients of a service, of the kind that it is."""
        file = self._library.file(service.location.file)
        options = file.services_by_name[service.proto].GetOptions()
        # To Go's generator a service without its option is a plain service like any other.
        is_plain = service.kind is ServiceKind.SERVICE and self._go.uses_go(file)
        return is_plain or any(option.is_go for option in self._go.kinds(options))
