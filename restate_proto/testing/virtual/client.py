"""An `IngressClient` that reaches a virtual server without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from typing_extensions import override

from restate_proto.ingress.client import IngressClient

if TYPE_CHECKING:
    from restate_proto.ingress.client_options import ClientOptions
    from restate_proto.ingress.sender import Transport

__all__ = ["VirtualClient"]

_INGRESS, _ADMIN = "http://ingress.virtual", "http://admin.virtual"


class VirtualClient(IngressClient):
    """A client of a virtual server.

    Args:
        ingress: the ingress.
        admin: the admin API.
        **options: the options of `IngressClient`.
    """

    def __init__(
        self, ingress: Transport, admin: Transport, **options: Unpack[ClientOptions]
    ) -> None:
        self._servers = {_INGRESS: ingress, _ADMIN: admin}
        options["admin_url"] = _ADMIN
        super().__init__(_INGRESS, **options)

    @override
    def _connect(self, url: str, **options: Any) -> Transport:
        del options  # they are of connections
        return self._servers[url]
