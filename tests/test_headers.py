"""Header fields by name, whatever its case."""

from __future__ import annotations

import pytest

from restate_proto.headers import Headers

TEXT = Headers([("Content-Type", "a/b"), ("x-one", "1"), ("X-ONE", "2"), ("x-empty", "")])
BYTES = Headers([(b"content-type", b"a/b"), (b"x-one", b"1"), (b"x-one", b"2"), (b"x-empty", b"")])


@pytest.mark.parametrize("headers", [TEXT, BYTES], ids=["text", "bytes"])
def test_a_mapping_by_names_in_any_case(headers: Headers) -> None:
    for name in ("content-type", "Content-Type", "CONTENT-TYPE"):
        assert headers[name] == "a/b"
        assert headers.get(name) == "a/b"
        assert name in headers
    assert headers["X-One"] == "1, 2"
    assert headers["x-empty"] == ""
    assert list(headers) == ["content-type", "x-one", "x-empty"]
    assert dict(headers) == {"content-type": "a/b", "x-one": "1, 2", "x-empty": ""}
    assert len(headers) == 3


@pytest.mark.parametrize("headers", [TEXT, BYTES], ids=["text", "bytes"])
def test_what_it_has_not(headers: Headers) -> None:
    with pytest.raises(KeyError, match=r"^'X-Two'$"):
        headers["X-Two"]
    assert headers.get("X-Two") is None
    assert headers.get("X-Two", "2") == "2"
    assert "X-Two" not in headers
    assert 1 not in headers


def test_it_compares_as_a_mapping_of_such_names() -> None:
    assert TEXT == BYTES
    assert TEXT == {"Content-Type": "a/b", "X-One": "1, 2", "x-empty": ""}
    assert TEXT != {"content-type": "a/b"}
    assert TEXT != "content-type"
    assert Headers([]) == {}
    with pytest.raises(TypeError):
        hash(TEXT)


def test_bytes_are_latin_1() -> None:
    assert Headers([(b"x-a", b"\xfc")])["X-A"] == "ü"
    assert repr(Headers([(b"x-a", b"\xfc")])) == "Headers({'x-a': 'ü'})"
