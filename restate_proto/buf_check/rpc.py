"""PluginRPC: buf runs the program once for each call, with the procedure as its argument.

See https://github.com/pluginrpc/pluginrpc and `buf.plugin.check.v1.CheckService`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from restate_proto.buf_check.check import BufRequest, check, read_files
from restate_proto.buf_check.messages import CHECK, PLUGIN_RPC, message_class
from restate_proto.buf_check.places import source_path
from restate_proto.buf_check.rules import ALL_RULES, CATEGORIES
from restate_proto.contract.problems import PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    from restate_proto.contract.problems import Location

__all__ = ["answer", "specification"]

_SERVICE = "/buf.plugin.check.v1.CheckService/"
_INVALID_ARGUMENT, _UNIMPLEMENTED = 3, 12
_ALL_SERVICES = "all_services"


def specification() -> bytes:
    """Return the serialized `pluginrpc.v1.Spec`, which lists the procedures."""
    spec = message_class(PLUGIN_RPC, "Spec")()
    for name in ("Check", "ListRules", "ListCategories"):
        spec.procedures.add(path=_SERVICE + name)
    return spec.SerializeToString()


def answer(procedure: str, request: bytes) -> bytes:
    """Answer a call.

    Args:
        procedure: the path of the procedure.
        request: a serialized `pluginrpc.v1.Request`.

    Returns:
        The serialized `pluginrpc.v1.Response`, which may be an error.
    """
    response = message_class(PLUGIN_RPC, "Response")()
    asked = message_class(PLUGIN_RPC, "Request")()
    try:
        asked.ParseFromString(request)
        response.value.Pack(_answer_fields(procedure, asked.value))
    except _UnknownProcedureError:
        response.error.code = _UNIMPLEMENTED
        response.error.message = f"{procedure} is not a procedure of this plugin"
    except (DecodeError, PluginError) as error:
        response.error.code = _INVALID_ARGUMENT
        response.error.message = str(error) or "the request is not a PluginRPC request"
    return response.SerializeToString()


class _UnknownProcedureError(Exception):
    pass


def _answer_fields(procedure: str, asked: Any) -> Any:
    match procedure.removeprefix(_SERVICE):
        case "ListRules":
            return _rules()
        case "ListCategories":
            listed = message_class(CHECK, "ListCategoriesResponse")()
            for id_, purpose in CATEGORIES.items():
                listed.categories.add(id=id_, purpose=purpose)
            return listed
        case "Check":
            request = message_class(CHECK, "CheckRequest")()
            asked.Unpack(request)
            return _check(request)
        case _:
            raise _UnknownProcedureError


def _rules() -> Any:
    listed = message_class(CHECK, "ListRulesResponse")()
    for rule in ALL_RULES:
        listed.rules.add(
            id=rule.id,
            category_ids=[rule.category],
            default=rule.is_default,
            purpose=rule.purpose,
            type=rule.type,
        )
    return listed


def _check(request: Any) -> Any:
    files = read_files([each.file_descriptor_proto for each in request.file_descriptors])
    against = read_files([each.file_descriptor_proto for each in request.against_file_descriptors])
    asked = BufRequest(
        files,
        _own_names(files, request.file_descriptors),
        against,
        _own_names(against, request.against_file_descriptors),
        list(request.rule_ids),
        all_services=_all_services(request.options),
    )
    response = message_class(CHECK, "CheckResponse")()
    for found in check(asked):
        annotation = response.annotations.add(rule_id=found.rule, message=found.message)
        _locate(annotation, "file_location", files, found.place)
        _locate(annotation, "against_file_location", against, found.before)
    return response


def _own_names(files: Mapping[str, FileDescriptorProto], described: Sequence[Any]) -> list[str]:
    return [name for name, each in zip(files, described, strict=True) if not each.is_import]


def _all_services(options: Sequence[Any]) -> bool:
    unknown = [option.key for option in options if option.key != _ALL_SERVICES]
    if unknown:
        raise PluginError(
            f"unknown option {', '.join(unknown)}; the only option is {_ALL_SERVICES}: true"
        )
    return any(option.value.bool_value for option in options)


def _locate(
    annotation: Any,
    field: str,
    files: Mapping[str, FileDescriptorProto],
    place: Location | None,
) -> None:
    if place is not None and place.file in files:
        location = getattr(annotation, field)
        location.file_name = place.file
        location.source_path.extend(source_path(files[place.file], place))
