"""Handlers as Go methods: their names, types and codecs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.generate.go.file import quote
from restate_proto.generate.go.names import go_name
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from restate_proto.contract.schema import HandlerModel, MessageType, ServiceModel
    from restate_proto.generate.go.file import GoFile

__all__ = ["Method", "codec_of"]


@dataclass(frozen=True, slots=True)
class Method:
    """A handler as a method.

    Args:
        handler: the handler.
        name: the name of the method: `AddTicket`.
        request: the type of the request: `*AddTicketRequest`.
        response: the type of the response.
        request_codec: the codec of the request.
        response_codec: the codec of the response.
    """

    handler: HandlerModel
    name: str
    request: str
    response: str
    request_codec: str
    response_codec: str

    @classmethod
    def of(cls, file: GoFile, service: ServiceModel, handler: HandlerModel) -> Method:
        """Return the method of a handler, and import its types."""

        def type_of(message: MessageType, raw: str | None) -> str:
            return f"*{file.type(message)}" if raw is None else "[]byte"

        def codec(raw: str | None) -> str:
            return codec_of(service) if raw is None else f"restateBytes({quote(raw)})"

        return cls(
            handler,
            go_name(handler.rpc),
            type_of(handler.request, handler.raw_request),
            type_of(handler.response, handler.raw_response),
            codec(handler.raw_request),
            codec(handler.raw_response),
        )

    @property
    def takes_nothing(self) -> bool:
        """Whether the request is empty."""
        return self.handler.raw_request is None and self.handler.request.is_empty

    @property
    def returns_nothing(self) -> bool:
        """Whether the response is empty."""
        return self.handler.raw_response is None and self.handler.response.is_empty


def codec_of(service: ServiceModel) -> str:
    """Return the codec of a service's messages."""
    return "restateJSON" if service.encoding is Encoding.JSON else "restateBinary"
