"""Apply the rules to the files that buf sends."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from restate_proto.buf_check.rules import ALL_RULES, CONTRACT, LANGUAGES, RuleType, breaking_id
from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.parse.files import parse_files
from restate_proto.contract.problems import Location, PluginError, Problems
from restate_proto.evolution import ContractVersion, compare
from restatepb.v1 import options_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["BufRequest", "Found", "check", "read_files"]

# The options of contracts are extensions. They are recognized only if this module was imported.
assert options_pb2.DESCRIPTOR


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a rule has found.

    Args:
        rule: the id of the rule.
        message: what is wrong, and what to write instead.
        place: its place; None if no file contains it any more.
        before: its place in the files to compare with; None if they do not contain it.
    """

    rule: str
    message: str
    place: Location | None
    before: Location | None = None


@dataclass(frozen=True, slots=True)
class BufRequest:
    """A question from buf: the files to check, and the rules to apply.

    Args:
        files: the files by their paths, with everything that they import.
        names: the paths of the files to check.
        against: the files to compare with, by their paths; empty for `buf lint`.
        against_names: the paths of those files to compare with that are not imports.
        rules: the ids of the rules to apply; empty for the default rules.
        all_services: whether a service without a Restate option becomes a plain service.
    """

    files: Mapping[str, FileDescriptorProto]
    names: Sequence[str]
    against: Mapping[str, FileDescriptorProto] = field(
        default_factory=dict[str, FileDescriptorProto]
    )
    against_names: Sequence[str] = ()
    rules: Sequence[str] = ()
    all_services: bool = False

    def wants(self, rule: str) -> bool:
        """Tell whether a rule should be applied."""
        return rule in (self.rules or [each.id for each in ALL_RULES if each.is_default])


def read_files(serialized: Sequence[bytes]) -> dict[str, FileDescriptorProto]:
    """Parse files with the options of contracts.

    Args:
        serialized: the files, each a serialized `FileDescriptorProto`.

    Raises:
        DecodeError: one of them cannot be parsed.
        PluginError: two have the same path.
    """
    files = [FileDescriptorProto.FromString(data) for data in serialized]
    found = {file.name: file for file in files}
    if len(found) < len(files):
        raise PluginError("the request has two files with the same path")
    return found


def check(asked: BufRequest) -> list[Found]:
    """Apply the rules, in the order of the files.

    Raises:
        PluginError: the files do not fit together.
    """
    descriptors = Descriptors(asked.files.values())
    wanted = {each.type for each in ALL_RULES if asked.wants(each.id)}
    found: list[Found] = []
    if RuleType.LINT in wanted:
        found += _lint(asked, descriptors)
    if RuleType.BREAKING in wanted and asked.against:
        found += _breaking(asked, descriptors)
    return [each for each in found if asked.wants(each.rule)]


def _lint(asked: BufRequest, descriptors: Descriptors) -> Iterator[Found]:
    problems = Problems()
    parse_files(descriptors, asked.names, all_services=asked.all_services, problems=problems)
    for location, text in problems.found:
        yield Found(CONTRACT, text, location)
    for rule, language in LANGUAGES.items():
        if asked.wants(rule):
            for location, text in _language_problems(asked, language):
                if (location, text) not in problems.found:
                    yield Found(rule, text, location)


def _language_problems(asked: BufRequest, language: str) -> Sequence[tuple[Location | None, str]]:
    generator = import_module(f"restate_proto.generate.{language}.generate")
    request = CodeGeneratorRequest(
        file_to_generate=asked.names,
        proto_file=asked.files.values(),
        parameter=_generator_options(asked, language),
    )
    try:
        generator.generate(request)
    except PluginError as error:
        return error.found
    return ()


def _generator_options(asked: BufRequest, language: str) -> str:
    options = ["all_services=true"] if asked.all_services else []
    if language == "go":  # managed mode sets packages only for generated code
        options += [
            f"M{name}=example.com/{posixpath.dirname(name)}"
            for name, file in asked.files.items()
            if not file.options.go_package
        ]
    return ",".join(options)


def _breaking(asked: BufRequest, descriptors: Descriptors) -> Iterator[Found]:
    before = Descriptors(asked.against.values())
    old = _read_version(before, asked.against_names, all_services=asked.all_services)
    new = _read_version(descriptors, asked.names, all_services=asked.all_services)
    for finding in compare(old, new):
        message = f"{finding.message}. {finding.why} Instead, {finding.safe_way}."
        yield Found(breaking_id(finding.rule.id), message, finding.place, finding.before)


def _read_version(
    descriptors: Descriptors, names: Sequence[str], *, all_services: bool
) -> ContractVersion:
    """Read a contract as far as possible; `buf lint` reports its mistakes."""
    files = parse_files(descriptors, names, all_services=all_services, problems=Problems())
    return ContractVersion(files, descriptors)
