"""Ids as text and as bytes."""

from __future__ import annotations

import pytest

from restate_proto.protocol.ids import (
    awakeable_id,
    awakeable_parts,
    invocation_id_bytes,
)

AWAKEABLE = "sign_1SbnB83OG6eVm-IkSEsmBTqnQVrfd1aeBAAAAEQ"


def test_the_bytes_are_those_that_restate_makes_awakeable_ids_of() -> None:
    """The two ids are from restate-server 1.7.12."""
    found = invocation_id_bytes("inv_1jJOFEtKQPi13WEI5M6Y1FSPyEBoOI6i1g")
    assert len(found) == 24
    assert awakeable_id(found, 17) == AWAKEABLE
    assert awakeable_parts(AWAKEABLE) == awakeable_parts(f"{AWAKEABLE}=") == (found, 17)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sign_1",
        AWAKEABLE[:-1],
        f"{AWAKEABLE}A",
        f"{AWAKEABLE}===",
        f"{AWAKEABLE[:-1]}R",
        AWAKEABLE.replace("-", "+"),
        AWAKEABLE.replace("-", "!"),
        AWAKEABLE.replace("-", "-!"),
        AWAKEABLE.replace("sign", "prom"),
        AWAKEABLE.replace("_1", "_2"),
    ],
)
def test_what_is_not_an_awakeable_id(text: str) -> None:
    """Restate answers each of them with 400."""
    assert awakeable_parts(text) is None


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
