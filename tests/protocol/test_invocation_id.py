"""Invocation ids as text and as bytes."""

from __future__ import annotations

import pytest

from restate_proto.protocol.invocation_id import invocation_id_bytes
from restate_proto.protocol.notifications import awakeable_id


def test_the_bytes_are_those_that_restate_makes_awakeable_ids_of() -> None:
    """The two ids are from restate-server 1.7.12."""
    found = invocation_id_bytes("inv_1jJOFEtKQPi13WEI5M6Y1FSPyEBoOI6i1g")
    assert len(found) == 24
    assert awakeable_id(found, 17) == "sign_1SbnB83OG6eVm-IkSEsmBTqnQVrfd1aeBAAAAEQ"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "inv_1",
        "inv_1jJOFEtKQPi13WEI5M6Y1FSPyEBoOI6i1",
        "inv_2jJOFEtKQPi13WEI5M6Y1FSPyEBoOI6i1g",
        "inv_1jJOFEtKQPi13WEI5M6Y1FSPyEBoOI6i1-",
        "inv_1ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ",
    ],
)
def test_what_is_no_invocation_id(text: str) -> None:
    with pytest.raises(ValueError, match="is not an invocation id, such as inv_1jJOFEtKQPi1"):
        invocation_id_bytes(text)
