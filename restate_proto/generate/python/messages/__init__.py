"""The message libraries that generated code can use: one module for each.

To add one, write a module with a `MessageRuntime`, and add it to `MESSAGES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.python.messages.base import MessageImports, MessageRuntime
from restate_proto.generate.python.messages.betterproto import (
    Betterproto2Messages,
    BetterprotoMessages,
)
from restate_proto.generate.python.messages.google import GoogleMessages

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MESSAGES", "MessageImports", "MessageRuntime"]

MESSAGES: Mapping[str, MessageRuntime] = {
    "protobuf": GoogleMessages(),
    "betterproto": BetterprotoMessages(),
    "betterproto2": Betterproto2Messages(),
}
"""The `MessageRuntime` of each library, by its name in the option `messages`."""
