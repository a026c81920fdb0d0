"""The findings on a changed contract, their places, and that the safe way is safe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.problems import Location
from restate_proto.evolution import RULES, Severity
from tests.evolution.cases import CASES, CONTRACT, Case, edited
from tests.evolution.support import Changes, ids

if TYPE_CHECKING:
    from tests.protoc import Compile


@pytest.fixture
def changes(compile_request: Compile) -> Changes:
    return Changes(compile_request)


def line_of(text: str, beginning: str | None) -> Location:
    """Return the place of the first line that begins with this text; for None, the whole file."""
    if beginning is None:
        return Location("shop.proto")
    lines = [
        number for number, line in enumerate(text.split("\n"), 1) if line.startswith(beginning)
    ]
    column = len(beginning) - len(beginning.lstrip()) + 1
    return Location("shop.proto", lines[0], column)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_break_is_reported_once_and_where_it_is(case: Case, changes: Changes) -> None:
    after = edited(case.edits)
    (finding,) = changes(CONTRACT, after)
    assert finding.rule.id == case.rule
    assert case.says in finding.message
    assert finding.handler == case.handler
    assert case.why in finding.why
    assert finding.place == line_of(after, case.place)
    assert finding.before == line_of(CONTRACT, case.before or case.place)
    assert not re.search(r"\{\w+\}", finding.why + finding.safe_way)


@pytest.mark.parametrize("case", [case for case in CASES if case.safe], ids=str)
def test_the_safe_way_breaks_nothing(case: Case, changes: Changes) -> None:
    assert changes(CONTRACT, edited(case.safe)) == ()


def test_every_rule_has_a_break_and_a_safe_way() -> None:
    assert {case.rule for case in CASES} == set(RULES)
    assert {case.rule for case in CASES if case.safe} == set(RULES) - {"TYPE_RENAMED"}
    assert {rule.id for rule in RULES.values() if rule.severity is Severity.WARNING} == {
        "CANCELLATION_CHANGED",
        "ERROR_CODE_CHANGED",
        "FIELD_WIDENED",
        "TYPE_RENAMED",
        "RETENTION_SHORTENED",
    }


def test_what_is_in_no_file_any_more_has_no_place(changes: Changes) -> None:
    one, other = CONTRACT, 'syntax = "proto3"; package other.v1;'
    findings = changes({"shop.proto": one, "other.proto": other}, {"other.proto": other})
    assert ids(findings) == ["SERVICE_REMOVED"] * 6
    assert {finding.place for finding in findings} == {None}
    assert findings[0].before == line_of(CONTRACT, "service Cart")


def test_what_was_renamed_is_found_where_nothing_else_can_be_meant(changes: Changes) -> None:
    one = "  rpc Pay(Item) returns (Receipt);\n"
    two = one + one.replace("Pay", "Charge")

    gone = changes(CONTRACT.replace(one, two), CONTRACT.replace(one, one.replace("Pay", "Take")))
    assert sorted(ids(gone)) == ["HANDLER_REMOVED", "HANDLER_REMOVED"]

    by_rpc = two.replace(
        "(Receipt);", '(Receipt) { option (restatepb.v1.handler) = { name: "a" }; }', 1
    )
    renamed = changes(CONTRACT.replace(one, two), CONTRACT.replace(one, by_rpc))
    assert [finding.handler for finding in renamed] == ["Pay"]
    assert ids(renamed) == ["HANDLER_RENAMED"]


def test_a_package_that_moved_is_a_new_name(changes: Changes) -> None:
    moved = CONTRACT.replace("package shop.v1;", "package shop.v2;").replace(
        '"shop.v1.', '"shop.v2.'
    )
    findings = changes(CONTRACT, moved)
    # Their messages have new names too and read the same; `ledger` has kept its name. Errors are told
    # by the names of their messages.
    assert set(ids(findings)) == {"SERVICE_RENAMED", "TYPE_RENAMED", "ERROR_REMOVED"}
    renamed = [finding for finding in findings if finding.rule.id == "SERVICE_RENAMED"]
    assert [finding.service for finding in renamed] == [
        "shop.v1.Cart",
        "shop.v1.Signup",
        "shop.v1.Payments",
        "shop.v1.Stock",
        "shop.v1.Room",
    ]
    assert 'name: "shop.v1.Cart"' in renamed[0].safe_way
    assert renamed[0].is_in("shop.v2.Cart")
    assert renamed[0].is_in("shop.v1.Cart")
    assert not renamed[0].is_in("shop.v1.Signup")


def test_a_name_that_was_the_default_comes_back_by_leaving_it_out(changes: Changes) -> None:
    (finding,) = changes(CONTRACT, edited((("= { state:", '= { name: "Cart" state:'),)))
    assert finding.safe_way == "remove `name` from its option"


def test_another_kind_under_another_name_is_another_service(changes: Changes) -> None:
    option = '(restatepb.v1.object) = { name: "new"'
    findings = changes(CONTRACT, edited((("(restatepb.v1.service) = {", option),)))
    assert ids(findings) == ["SERVICE_RENAMED"]


def test_a_service_that_is_imported_now_is_not_gone(changes: Changes) -> None:
    other = 'syntax = "proto3"; package other; import "shop.proto"; message M { shop.v1.Item item = 1; }'
    files = {"other.proto": other, "shop.proto": CONTRACT}
    assert changes(CONTRACT, files, only="other.proto") == ()


def test_one_change_of_a_message_is_said_once_for_a_service(changes: Changes) -> None:
    findings = changes(CONTRACT, edited((("int32 amount", "string amount"),)))
    assert ids(findings) == ["MESSAGE_CHANGED"] * 4
    assert [finding.service for finding in findings] == [
        "shop.v1.Cart",
        "shop.v1.Signup",
        "shop.v1.Payments",
        "shop.v1.Stock",
    ]
    assert '(state "items", the request of Add, the response of Add and 1 more)' in findings[0].why


def test_requests_under_another_name_that_read_the_same_are_bufs(changes: Changes) -> None:
    renamed = CONTRACT.replace("message Receipt", "message Bill").replace("(Receipt)", "(Bill)")
    assert changes(CONTRACT, renamed) == ()


def test_the_run_handler_that_is_another_now(changes: Changes) -> None:
    run = "{ option (restatepb.v1.handler) = { run: true }; }"
    shared = "{ option (restatepb.v1.handler) = { shared: true }; }"
    after = edited(
        (
            ("rpc Run(Account) returns (Account);", f"rpc Run(Account) returns (Account) {shared}"),
            ("(google.protobuf.Empty);", f"(google.protobuf.Empty) {run}"),
        )
    )
    was_run, is_run = changes(CONTRACT, after)
    assert (was_run.handler, is_run.handler) == ("Run", "Confirm")
    assert "already invoked" in was_run.why
    assert "idempotency key" in is_run.why


def test_a_request_that_two_handlers_take_is_said_once(changes: Changes) -> None:
    add = "  rpc Add(AddRequest) returns (Item);\n"
    both = CONTRACT.replace(add, add + add.replace("rpc Add", "rpc Put"))
    (finding,) = changes(both, both.replace(" [(restatepb.v1.key) = true]", ""))
    assert finding.rule.id == "KEY_FIELD_CHANGED"
    assert finding.handler is None


def test_a_handler_of_a_private_service_may_say_so_too(changes: Changes) -> None:
    private = "config: { ingress_private: true }"
    service = edited((("service) = {", f"service) = {{ {private}"),))
    handler = service.replace(
        "(Receipt);", f"(Receipt) {{ option (restatepb.v1.handler) = {{ {private} }}; }}"
    )
    assert changes(service, handler) == ()
    assert changes(handler, CONTRACT) == ()


def test_cancellation_that_is_implicit_again(changes: Changes) -> None:
    option = "{ option (restatepb.v1.handler) = { cancellation: CANCELLATION_EXPLICIT }; }"
    explicit = CONTRACT.replace("returns (Receipt);", f"returns (Receipt) {option}")
    (finding,) = changes(explicit, CONTRACT)
    assert finding.rule.id == "CANCELLATION_CHANGED"
    assert "was CANCELLATION_EXPLICIT and is CANCELLATION_IMPLICIT" in finding.message
    assert "fails where it waits" in finding.why


def test_details_travel_in_binary_whatever_the_encoding_is(changes: Changes) -> None:
    def contract(field: str) -> str:
        option = "service) = { encoding: ENCODING_JSON error"
        return edited((("service) = { error", option), ("int32 left = 1", field)))

    assert changes(contract("int32 left = 1"), contract("int32 rest = 1")) == ()
    (finding,) = changes(contract("int32 left = 1"), contract("sint32 left = 1"))
    assert "was int32 and is sint32" in finding.message


def test_an_error_that_one_of_the_handlers_has_lost(changes: Changes) -> None:
    sold_out = 'error: { type: "shop.v1.SoldOut" code: 409 }'
    locked = '.error = { type: "shop.v1.Locked" code: 423 };'
    both = f' = {{ {sold_out} error: {{ type: "shop.v1.Locked" code: 423 }} }};'
    (finding,) = changes(CONTRACT, edited(((sold_out, ""), (locked, both))))
    assert finding.message.endswith("error shop.v1.SoldOut of Look is gone")
    assert finding.handler == "Look"


def test_a_retention_is_said_in_seconds(changes: Changes) -> None:
    def text(retention: str) -> str:
        config = f"service) = {{ config: {{ journal_retention: {{ {retention} }} }}"
        return edited((("service) = {", config),))

    (finding,) = changes(text("seconds: 1234567"), text("nanos: 500000000"))
    assert finding.message.endswith("journal_retention was 1234567s and is 0.5s")


def test_contracts_of_the_go_sdk_are_told_to_keep_their_names(changes: Changes) -> None:
    options = """
        syntax = "proto3"; package dev.restate.sdk.go;
        import "google/protobuf/descriptor.proto";
        enum ServiceType { SERVICE = 0; VIRTUAL_OBJECT = 1; WORKFLOW = 2; }
        extend google.protobuf.ServiceOptions { ServiceType service_type = 2051; }
    """
    go = """
        syntax = "proto3"; package shop.v1; import "dev/restate/sdk/go.proto";
        service Cart {
          option (dev.restate.sdk.go.service_type) = VIRTUAL_OBJECT;
          rpc Add(Item) returns (Item);
        }
        message Item { string id = 1; }
    """

    def files(text: str) -> dict[str, str]:
        return {"shop.proto": text, "dev/restate/sdk/go.proto": options}

    (handler,) = changes(files(go), files(go.replace("rpc Add", "rpc Put")))
    assert handler.safe_way == "keep the name of the rpc"
    (service,) = changes(files(go), files(go.replace("service Cart", "service Trolley")))
    assert service.safe_way == "keep the name of the service and of its package"
    (field,) = changes(files(go), files(go.replace("id = 1", "number = 1")))
    assert "ProtoJSON" in field.message  # which is what Go writes
