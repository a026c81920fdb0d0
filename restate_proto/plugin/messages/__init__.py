"""The message libraries that generated code can use: one module for each.

Adding one means a module with a `MessageRuntime` and its name in `message_runtime`.
"""

from __future__ import annotations

from restate_proto.plugin.messages.base import MessageRuntime
from restate_proto.plugin.messages.google import GoogleMessages
from restate_proto.plugin.problems import PluginError

__all__ = ["MessageRuntime", "message_runtime"]


def message_runtime(name: str) -> MessageRuntime:
    """Returns what knows the message library of that name.

    Raises:
        PluginError: there is no code for it.
    """
    if name == "protobuf":
        return GoogleMessages()
    raise PluginError(f"messages={name} is not supported yet; write messages=protobuf")
