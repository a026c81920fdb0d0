"""The services of the suite as an ASGI application, for example for `granian conformance.asgi:app`.

The environment variables SERVICES and E2E_REQUEST_SIGNING have the same effect as in `python -m
conformance`.
"""

from __future__ import annotations

from conformance.services import endpoint

__all__ = ["app"]

app = endpoint().asgi()
