"""The services of the suite as the function `conformance.aws_lambda.handler` of AWS Lambda.

SERVICES and E2E_REQUEST_SIGNING of the environment count as they do in `python -m conformance`.
"""

from __future__ import annotations

from conformance.services import endpoint

__all__ = ["handler"]

handler = endpoint().aws_lambda()
