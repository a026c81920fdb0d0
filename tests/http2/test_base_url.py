"""URLs of servers: which are accepted, and the errors for others when a client is made."""

from __future__ import annotations

from typing import Any

import pytest

from restate_proto import IngressClient
from restate_proto.http2.base_url import BaseUrl
from restate_proto.http2.client import Http2Client


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://127.0.0.1:8080", ("http", "127.0.0.1", 8080, "127.0.0.1:8080", "")),
        ("https://restate", ("https", "restate", 443, "restate", "")),
        ("HTTP://Restate.Example.", ("http", "restate.example.", 80, "restate.example.", "")),
        ("http://h:/", ("http", "h", 80, "h", "")),
        ("http://h:65535/a/b//", ("http", "h", 65535, "h:65535", "/a/b")),
        ("http://[::1]:8080/x", ("http", "::1", 8080, "[::1]:8080", "/x")),
        ("http://[::1]", ("http", "::1", 80, "[::1]", "")),
        ("http://[fe80::1%eth0]:1", ("http", "fe80::1%eth0", 1, "[fe80::1]:1", "")),
        ("http://my_restate_1/%C3%BC", ("http", "my_restate_1", 80, "my_restate_1", "/%C3%BC")),
        (f"http://{'a' * 63}.b", ("http", f"{'a' * 63}.b", 80, f"{'a' * 63}.b", "")),
        ("http://h/a:b@c;d=e,f", ("http", "h", 80, "h", "/a:b@c;d=e,f")),
    ],
)
def test_a_url(text: str, expected: tuple[str, str, int, str, str]) -> None:
    assert BaseUrl.parse(text) == expected


WRONG = {
    "127.0.0.1:8080": "write it as 'http://127.0.0.1:8080'",
    "localhost:8080": "write it as",
    "": "write it as",
    "ftp://h": "not an http: or https: URL",
    "unix:///run/restate.sock": "not an http: or https: URL",
    "http:h": "write it as",
    "http://": "names no host",
    "http://:8080": "names no host",
    "http:///path": "names no host",
    "http://h:0": "'0' is not a port number, 1 to 65535",
    "http://h:65536": "'65536' is not a port number",
    "http://h:999999": "'999999' is not a port number",
    "http://h:80a": "'80a' is not a port number",
    "http://h:-1": "'-1' is not a port number",
    "http://h:+80": r"'\+80' is not a port number",
    "http://h/ü": "percent-encode the path: '/%C3%BC'",
    "http://h/\ud83d": "percent-encode the path: '/%3F'",
    "http://bücher.example": "write the host as 'xn--bcher-kva.example'",
    "http://h/a b": "spaces or control characters",
    " http://h": "spaces or control characters",
    "http://h\n": "spaces or control characters",
    "http://h\t/a": "spaces or control characters",
    "http://h /": "spaces or control characters",
    "http://h/a\x7f": "spaces or control characters",
    "http://h/%zz": "characters that a URL does not allow",
    "http://h/a\\b": r"write it as '/a%5Cb'",
    'http://h/a"b': "write it as '/a%22b'",
    "http://h/?a=b": "query or a fragment",
    "http://h/?": "query or a fragment",
    "http://h#": "query or a fragment",
    f"http://{'a' * 64}.example": "has 64 characters, but a part of a host name may have at most 63",
    f"http://{'a.' * 127}b": "the host has 255 characters, but at most 253 are allowed",
    "http://a..b": "is not a host name because of ''",
    "http://.a": "is not a host name",
    "http://-a": "is not a host name because of '-a'",
    "http://a$b": "is not a host name",
    "http://a%20b": "is not a host name",
    "http://::1:8080": r"write an IPv6 address in brackets, as 'http://\[::1\]:8080'",
    "http://[::g]": "the brackets do not contain an IPv6 address",
    "http://[::1": "",
    "http://[]": "the brackets do not contain an IPv6 address",
}


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("make", [BaseUrl.parse, Http2Client, IngressClient])
def test_any_other_is_refused_in_words(text: str, make: Any) -> None:
    with pytest.raises(ValueError, match=rf"^the URL '.*{WRONG[text]}"):
        make(text)


@pytest.mark.parametrize("text", WRONG)
def test_so_is_that_of_the_admin_api(text: str) -> None:
    with pytest.raises(ValueError, match=rf"^the URL '.*{WRONG[text]}"):
        IngressClient("http://127.0.0.1:8080", admin_url=text)


@pytest.mark.parametrize(
    "text", ["http://me:hush@h", "http://hush@h/x", "http://a@hush@h", "http://m%3Ae:hush@"]
)
def test_a_password_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"headers=\{'authorization'") as raised:
        BaseUrl.parse(text)
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("value", [None, b"http://h", 8080, ("h", 80)])
def test_what_is_no_string_is_refused_in_words(value: Any) -> None:
    with pytest.raises(TypeError, match=r"a URL is a string, such as 'http://"):
        IngressClient(value)
