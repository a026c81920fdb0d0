"""Codes of errors: checked when an error is made, kept as they are when one is read."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import RetryableError, Target, TerminalError
from restate_proto.errors import checked_code
from restate_proto.http2.exchange import Response
from restate_proto.ingress.responses import read_failure
from restate_proto.protocol import Failure
from restate_proto.runtime.failures import to_error, to_failure
from tests.ingress.calls import call_of

if TYPE_CHECKING:
    from collections.abc import Callable

MAKERS: list[Callable[[Any], object]] = [
    lambda code: TerminalError("x", code=code),
    lambda code: RetryableError("x", code=code),
    lambda code: checked_code("reject", code),
]
ODD = [-1, 0, 5, 99, 100, 101, 103, 199, 200, 204, 304, 399, 600, 999, 70_000, 2**40]
makers = pytest.mark.parametrize("make", MAKERS, ids=["TerminalError", "RetryableError", "reject"])


@makers
@pytest.mark.parametrize("code", [400, 409, 500, 570, 599, HTTPStatus.CONFLICT])
def test_the_codes_of_http_errors_are_codes(make: Callable[[Any], object], code: int) -> None:
    made = make(code)
    assert getattr(made, "code", made) == code


@makers
@pytest.mark.parametrize("code", ODD)
def test_any_other_number_is_refused_in_words(make: Callable[[Any], object], code: int) -> None:
    with pytest.raises(ValueError, match=rf"\(code={code}\): .* of an error, 400 to 599"):
        make(code)


@makers
@pytest.mark.parametrize("code", ["404", None, 404.0, True])
def test_what_is_no_number_is_refused_in_words(make: Callable[[Any], object], code: Any) -> None:
    with pytest.raises(TypeError, match=r"\(code=.*\): must be an HTTP status code, such as 409"):
        make(code)


@pytest.mark.parametrize("code", [409, *(code for code in ODD if 0 <= code < 2**16)])
def test_what_another_wrote_in_the_journal_is_carried(code: int) -> None:
    error = to_error(Failure(code, "odd", (("a", "b"),)))
    assert (error.code, error.message, error.metadata) == (code, "odd", {"a": "b"})


@pytest.mark.parametrize("code", ODD)
def test_what_another_wrote_is_passed_on_as_500(code: int) -> None:
    written = to_failure(to_error(Failure(code, "odd"))).to_message()
    assert (written.code, written.message) == (500, "odd")


@pytest.mark.parametrize("code", ["101", "5", "-1", "1000", "true", '"x"', "null", "1e3"])
def test_what_the_ingress_says_is_carried(code: str) -> None:
    request = call_of(Target.service("a.Service", "Handler")).call_request()
    body = f'{{"code": {code}, "message": "odd"}}'.encode()
    response = Response(418, [(b"x-restate-error-source", b"invocation")], body)
    error = read_failure(request, response, lambda: datetime.now(UTC))
    assert isinstance(error, TerminalError)
    assert error.code == (int(code) if code.removeprefix("-").isdecimal() else 418)
