"""The message libraries that generated code can use: one module for each.

Adding one means a module with a `MessageRuntime` and its name in `MESSAGES`.
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
"""What knows a message library, by the name that the option `messages` has for it."""
