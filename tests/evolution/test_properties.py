"""Contracts drawn at random: additions cause no finding, removals always do."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import given, settings

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.parse.files import parse_files
from restate_proto.evolution import ContractVersion, Finding, compare
from tests.protoc import compile_files

HEAD = """
syntax = "proto3";
package shop.v1;
import "restatepb/v1/options.proto";
"""

FIELD_TYPES = ("string", "int64", "bytes", "Color", "repeated Color", "map<string, M0>", "M1")
DECLARED = {
    "service": ("signal",),
    "object": ("signal", "state"),
    "workflow": ("signal", "state", "promise"),
}


@dataclass(frozen=True)
class Service:
    """A service; its parts are what the contract says of them."""

    kind: str
    encoding: str
    handlers: tuple[str, ...]
    declarations: tuple[str, ...]

    def text(self, name: str) -> str:
        options = " ".join((f"encoding: {self.encoding}", *self.declarations))
        return (
            f"service {name} {{ option (restatepb.v1.{self.kind}) = {{ {options} }};"
            f" {' '.join(self.handlers)} }}\n"
        )


@dataclass(frozen=True)
class Contract:
    """A contract."""

    services: tuple[Service, ...]
    fields: tuple[tuple[str, ...], ...]
    values: tuple[str, ...] = field(default=("NONE = 0;",))

    def text(self) -> str:
        parts = [HEAD, f"enum Color {{ {' '.join(self.values)} }}\n"]
        parts += [
            f"message M{i} {{ {' '.join(fields)} }}\n" for i, fields in enumerate(self.fields)
        ]
        parts += [service.text(f"S{i}") for i, service in enumerate(self.services)]
        return "".join(parts)


MESSAGES = st.sampled_from(("M0", "M1"))


@st.composite
def handlers(draw: st.DrawFn, kind: str, start: int) -> tuple[str, ...]:
    made: list[str] = []
    if kind == "workflow" and not start:
        made.append(f"rpc Run({draw(MESSAGES)}) returns ({draw(MESSAGES)});")
    for number in range(start, start + draw(st.integers(0, 2))):
        option = ""
        if kind == "object" and draw(st.booleans()):
            option = "{ option (restatepb.v1.handler) = { shared: true }; }"
        rpc = f"rpc H{number}({draw(MESSAGES)}) returns ({draw(MESSAGES)})"
        made.append(f"{rpc} {option or ';'}")
    return tuple(made)


@st.composite
def declarations(draw: st.DrawFn, kind: str, start: int) -> tuple[str, ...]:
    return tuple(
        f'{draw(st.sampled_from(DECLARED[kind]))}: {{ name: "d{i}" type: "shop.v1.{draw(MESSAGES)}" }}'
        for i in range(start, start + draw(st.integers(0, 2)))
    )


@st.composite
def services(draw: st.DrawFn) -> Service:
    kind = draw(st.sampled_from(sorted(DECLARED)))
    encoding = draw(st.sampled_from(("ENCODING_PROTOBUF", "ENCODING_JSON")))
    return Service(kind, encoding, draw(handlers(kind, 0)), draw(declarations(kind, 0)))


@st.composite
def fields(draw: st.DrawFn, start: int) -> tuple[str, ...]:
    return tuple(
        f"{draw(st.sampled_from(FIELD_TYPES))} f_{number} = {number};"
        for number in range(start, start + draw(st.integers(0, 2)))
    )


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    return Contract(
        tuple(draw(st.lists(services(), max_size=2))), (draw(fields(1)), draw(fields(1)))
    )


@st.composite
def grown(draw: st.DrawFn, contract: Contract) -> Contract:
    """Return the contract with more of everything."""

    def more(service: Service) -> Service:
        return replace(
            service,
            handlers=service.handlers + draw(handlers(service.kind, 10)),
            declarations=service.declarations + draw(declarations(service.kind, 10)),
        )

    return Contract(
        tuple(map(more, contract.services)) + tuple(draw(st.lists(services(), max_size=1))),
        tuple(old + draw(fields(10)) for old in contract.fields),
        (*contract.values, "RED = 1;"),
    )


def changes(old: Contract, new: Contract) -> tuple[Finding, ...]:
    def version(contract: Contract) -> ContractVersion:
        with tempfile.TemporaryDirectory() as folder:
            request = compile_files(Path(folder), {"shop.proto": contract.text()}, "", None)
        descriptors = Descriptors(request.proto_file)
        files = parse_files(descriptors, request.file_to_generate, all_services=False)
        return ContractVersion(files, descriptors)

    return compare(version(old), version(new))


@settings(max_examples=50)
@given(contracts())
def test_a_contract_against_itself(contract: Contract) -> None:
    assert changes(contract, contract) == ()


@settings(max_examples=50)
@given(contracts().flatmap(lambda old: st.tuples(st.just(old), grown(old))))
def test_additions_break_nothing_and_taking_them_back_is_found(
    pair: tuple[Contract, Contract],
) -> None:
    old, new = pair
    assert changes(old, new) == ()

    found = Counter(finding.rule.id for finding in changes(new, old))
    olds, news = old.services, new.services
    gone = {
        "SERVICE_REMOVED": len(news) - len(olds),
        "HANDLER_REMOVED": sum(
            len(b.handlers) - len(a.handlers) for a, b in zip(olds, news, strict=False)
        ),
    }
    for what in ("state", "promise", "signal"):
        gone[f"{what.upper()}_REMOVED"] = sum(
            declaration.startswith(what)
            for a, b in zip(olds, news, strict=False)
            for declaration in b.declarations[len(a.declarations) :]
        )
    assert {rule: found[rule] for rule in gone} == gone
    assert set(found) <= {*gone, "MESSAGE_CHANGED"}
