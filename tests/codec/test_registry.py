"""The codec of each type."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from google.protobuf import timestamp_pb2

from restate_proto.codec import registry
from restate_proto.codec.google import google_codec
from restate_proto.codec.registry import codec_for
from tests.codec.messages import Tree


@pytest.mark.parametrize("message_class", [Tree, timestamp_pb2.Timestamp])
def test_message_classes(message_class: Any) -> None:
    assert codec_for(message_class) is google_codec(message_class)
    assert codec_for(message_class) is codec_for(message_class)


@pytest.mark.parametrize("type_", [object, list[int], 3, "str", Tree(), type])
def test_other_types_are_refused(type_: Any) -> None:
    with pytest.raises(
        TypeError, match=r"no codec for .*expected a protobuf message class, or one"
    ):
        codec_for(type_)


def test_none_stands_for_its_type() -> None:
    none: Any = None
    assert codec_for(none) is codec_for(type(None))


def test_no_message_library_is_imported_before_a_class_of_it_is_seen() -> None:
    program = (
        "import sys; from restate_proto.codec.registry import codec_for; codec_for(str)\n"
        "print([name for name in sys.modules if name.startswith(('google', 'betterproto'))])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert result.stdout.strip() == "[]"


def test_a_library_is_one_line_of_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    class Base:
        pass

    class Message(Base):
        pass

    libraries = registry._LIBRARIES  # pyright: ignore[reportPrivateUsage] - the line in question
    name = f"{Base.__module__}.{Base.__qualname__}"
    monkeypatch.setitem(libraries, name, (__name__, "codec_of_the_new_library"))
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    assert codec_for(Message) == ("codec", Message)


def codec_of_the_new_library(message_class: type) -> Any:
    return ("codec", message_class)
