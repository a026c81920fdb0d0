"""Write the calls of a handler in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.problems import Problems
from restate_proto.generate.java.names import java_files
from restate_proto.generate.jvm.messages import JavaMessages
from restate_proto.generate.python.names import python_files
from restate_proto.generate.validation import Validation
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
        # Problems are ignored: the generator of a language reports them.
        unvalidated = Validation(library.descriptors, is_on=False)  # callers do not see it
        self._java_methods = {
            (service.model.full_name, handler.model.rpc): handler.method
            for file in java_files(files, self._messages, unvalidated, Problems())
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
        """Return what a call of a handler needs, and the calls in every language."""
        site = CallSite(service, handler, self._library, self._ingress_url)
        private = is_private(service, handler)
        jvm = JvmSite(site, self._messages)
        name = service.full_name, handler.rpc
        choices = (
            curl_call(site, is_private=private),
            python_call(site, *self._python_names[name], is_private=private),
            java_call(jvm, self._java_methods[name], is_private=private),
            kotlin_call(jvm, is_private=private),
            go_call(site, is_private=private),
            typescript_call(site, is_private=private),
        )
        return site, Calls(choices)
