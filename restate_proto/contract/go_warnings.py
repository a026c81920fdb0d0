"""What Go's generator makes something else of, without a word.

It reads its own option alone. So an object with ours only is a plain service to it: its clients have
no key, and its server has no state. Nobody who has no Go wants to hear that, so what counts as a
contract for Go is a package with Go's options: such a package is written by the same people, and is
seen whole by a plugin that buf calls folder by folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.options import OptionReader
from restate_proto.contract.paths import printable
from restate_proto.contract.source import SourceFile
from restate_proto.model.kinds import ServiceKind

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2

__all__ = ["go_warnings"]

_FILE_SERVICE = 6  # a field number of FileDescriptorProto, for source paths

_KINDS = {
    ServiceKind.VIRTUAL_OBJECT: ("an object", "VIRTUAL_OBJECT"),
    ServiceKind.WORKFLOW: ("a workflow", "WORKFLOW"),
}


def go_warnings(request: plugin_pb2.CodeGeneratorRequest) -> tuple[str, ...]:
    """Finds objects and workflows that Go's generator takes for plain services.

    Args:
        request: whose files are to be generated.

    Returns:
        A line for each, with its place; none where no package has options of Go.
    """
    options = OptionReader(request.proto_file)
    packages = {file.package for file in request.proto_file if options.uses_go(file)}
    wanted = set(request.file_to_generate)
    warnings: list[str] = []
    for file in request.proto_file:
        if file.name not in wanted or file.package not in packages:
            continue
        source = SourceFile(file)
        for number, service in enumerate(file.service):
            found = options.kinds(service.options)
            if len(found) != 1 or found[0].is_go or found[0].kind not in _KINDS:
                continue
            kind, value = _KINDS[found[0].kind]
            warnings.append(
                f"{source.location((_FILE_SERVICE, number))}: warning: {service.name} is {kind}, "
                "and Go's generator takes it for a plain service; write option "
                f"(dev.restate.sdk.go.service_type) = {value} beside {found[0].label}"
            )
    return tuple(map(printable, warnings))
