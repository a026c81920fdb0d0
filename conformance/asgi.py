"""The services of the suite as an ASGI application, such as for `granian conformance.asgi:app`.

SERVICES and E2E_REQUEST_SIGNING of the environment count as they do in `python -m conformance`.
"""

from __future__ import annotations

from conformance.services import endpoint

__all__ = ["app"]

app = endpoint().asgi()
