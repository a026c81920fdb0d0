"""Changes of a handler: its name, kind, request, response, and what a cancellation does."""

from __future__ import annotations

from tests.evolution.cases.contract import REFUND, Case

__all__ = ["CASES"]

_SHARED = "option (restatepb.v1.handler) = { shared: true };"
_BYTES = "(google.protobuf.BytesValue) returns (google.protobuf.BytesValue)"
_RAW = 'raw: { input: "image/png" output: "image/png" }'

CASES = [
    Case(
        "HANDLER_REMOVED",
        ((REFUND, ""),),
        "service shop.v1.Payments: handler Refund is gone",
        safe=((REFUND, REFUND.replace(";\n", " { option deprecated = true; }\n")),),
        place="service Payments",
        before="  rpc Refund",
        handler="Refund",
    ),
    Case(
        "HANDLER_RENAMED",
        (
            (
                REFUND,
                REFUND.replace(";\n", '{ option (restatepb.v1.handler) = { name: "undo" }; }\n'),
            ),
        ),
        'service shop.v1.Payments: handler Refund has the Restate name "undo" now',
        safe=((REFUND, REFUND + "  rpc Undo(Receipt) returns (Item);\n"),),
        place="  rpc Refund",
        handler="Refund",
    ),
    Case(
        "HANDLER_RENAMED",
        (("rpc Refund", "rpc Undo"),),
        'handler Refund has the Restate name "Undo" now (rpc Undo looks like it)',
        safe=(
            (
                REFUND,
                '  rpc Undo(Receipt) returns (Item) { option (restatepb.v1.handler) = { name: "Refund" }; }\n',
            ),
        ),
        place="  rpc Undo",
        before="  rpc Refund",
        handler="Refund",
    ),
    Case(
        "HANDLER_KIND_CHANGED",
        ((_SHARED, ""),),
        "object shop.v1.Cart: handler Show was shared and is exclusive",
        safe=(("  rpc Show", "  rpc Look(google.protobuf.Empty) returns (ItemList);\n  rpc Show"),),
        place="  rpc Show",
        handler="Show",
        why="waits for itself for ever",
    ),
    Case(
        "HANDLER_KIND_CHANGED",
        (("returns (Item);", f"returns (Item) {{ {_SHARED} }}"),),
        "object shop.v1.Cart: handler Add was exclusive and is shared",
        safe=(("  rpc Add", f"  rpc Peek(Item) returns (Item) {{ {_SHARED} }}\n  rpc Add"),),
        place="  rpc Add",
        handler="Add",
        why="cannot write state",
    ),
    Case(
        "REQUEST_TYPE_CHANGED",
        (("rpc Pay(Item)", "rpc Pay(Account)"),),
        "service shop.v1.Payments: the request of Pay was shop.v1.Item and is shop.v1.Account: "
        'field 1 "id" of shop.v1.Item is "name" in shop.v1.Account, '
        'field 2 "amount" of shop.v1.Item is "mail" in shop.v1.Account',
        safe=(("rpc Pay(", "rpc PayAll(Account) returns (Receipt);\n  rpc Pay("),),
        place="  rpc Pay",
        handler="Pay",
    ),
    Case(
        "RESPONSE_TYPE_CHANGED",
        (("returns (Receipt)", "returns (google.protobuf.Empty)"),),
        'field 1 "id" of shop.v1.Receipt is not in google.protobuf.Empty',
        safe=(("int64 cents = 2;", "int64 cents = 2; bool is_paid = 3;"),),
        place="  rpc Pay",
        handler="Pay",
    ),
    Case(
        "RAW_CHANGED",
        (('input: "image/png"', 'input: "application/pdf"'),),
        "object shop.v1.Cart: the request of Scan was raw image/png and is raw application/pdf",
        safe=(('input: "image/png"', 'input: "image/*"'),),
        place="  rpc Scan",
        handler="Scan",
        why="The ingress refuses the content type",
    ),
    Case(
        "RAW_CHANGED",
        (('output: "image/png"', 'output: "image/webp"'),),
        "object shop.v1.Cart: the response of Scan was raw image/png and is raw image/webp",
        safe=(('input: "image/png"', 'input: "*/*"'),),
        place="  rpc Scan",
        handler="Scan",
        why="expect the old form",
    ),
    Case(
        "RAW_CHANGED",
        ((_RAW, 'raw: { output: "image/png" }'),),
        "object shop.v1.Cart: the request of Scan was raw image/png and is a message",
        safe=(),
        place="  rpc Scan",
        handler="Scan",
        why="Requests of the old form will still arrive",
    ),
    Case(
        "RAW_CHANGED",
        (
            (
                f"rpc Keep{_BYTES};",
                f'rpc Keep{_BYTES} {{ option (restatepb.v1.handler).raw.input = "a/b"; }}',
            ),
        ),
        "object shop.v1.Cart: the request of Keep was a message and is raw a/b",
        safe=(),
        place="  rpc Keep",
        handler="Keep",
        why="Requests of the old form will still arrive",
    ),
    Case(
        "CANCELLATION_CHANGED",
        (
            (
                REFUND,
                REFUND.replace(
                    ";\n",
                    "{ option (restatepb.v1.handler) = { cancellation: CANCELLATION_EXPLICIT }; }\n",
                ),
            ),
        ),
        "service shop.v1.Payments: handler Refund: cancellation was CANCELLATION_IMPLICIT and is "
        "CANCELLATION_EXPLICIT",
        safe=(
            (
                _SHARED,
                "option (restatepb.v1.handler) = { shared: true cancellation: CANCELLATION_IMPLICIT };",
            ),
        ),
        place="  rpc Refund",
        handler="Refund",
        why="Now they end when the handler chooses to",
    ),
]
