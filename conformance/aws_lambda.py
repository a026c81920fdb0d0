"""The services of the suite as the AWS Lambda function `conformance.aws_lambda.handler`.

The environment variables SERVICES and E2E_REQUEST_SIGNING have the same effect as in `python -m
conformance`.
"""

from __future__ import annotations

from conformance.services import endpoint

__all__ = ["handler"]

handler = endpoint().aws_lambda()
