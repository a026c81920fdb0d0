"""Changes of a service: its name, kind, encoding, retention, and who may call it."""

from __future__ import annotations

from tests.evolution.cases.contract import CONTRACT, REFUND, Case

__all__ = ["CASES"]

_CART = CONTRACT[CONTRACT.index("service Cart") : CONTRACT.index("service Signup")]
_PAYMENTS = CONTRACT[CONTRACT.index("service Payments") : CONTRACT.index("service Stock")]
_OF_PAYMENTS = (
    'option (restatepb.v1.service) = { signal: { name: "approved" type: "shop.v1.Item" } };'
)

CASES = [
    Case(
        "SERVICE_REMOVED",
        ((_PAYMENTS, ""),),
        "service shop.v1.Payments: it is gone",
        safe=(("service Payments {", "service Payments { option deprecated = true;"),),
        place=None,
        before="service Payments",
    ),
    Case(
        "SERVICE_REMOVED",
        ((_OF_PAYMENTS, ""),),
        "service shop.v1.Payments: it has no Restate option any more",
        safe=(
            ("message Item {", "service Plain { rpc Do(Item) returns (Item); }\nmessage Item {"),
        ),
        place="service Payments",
    ),
    Case(
        "SERVICE_RENAMED",
        (("= { state:", '= { name: "Cart" state:'),),
        'object shop.v1.Cart: its Restate name is "Cart" now',
        safe=(("= { state:", '= { name: "shop.v1.Cart" state:'),),
        place="service Cart",
    ),
    Case(
        "SERVICE_RENAMED",
        (('    name: "ledger"\n', ""),),
        'object ledger: its Restate name is "shop.v1.Ledger" now',
        safe=(("service Ledger", "service Books"),),
        place="service Ledger",
    ),
    Case(
        "SERVICE_RENAMED",
        (("service Cart", "service Trolley"),),
        'object shop.v1.Cart: its Restate name is "shop.v1.Trolley" now (shop.v1.Trolley looks like it)',
        safe=(
            ("service Cart", "service Trolley"),
            ("= { state:", '= { name: "shop.v1.Cart" state:'),
        ),
        place="service Trolley",
        before="service Cart",
    ),
    Case(
        "SERVICE_KIND_CHANGED",
        (("(restatepb.v1.service)", "(restatepb.v1.object)"),),
        "service shop.v1.Payments: it was a service and is an object",
        safe=(
            (
                "service Payments",
                "service Box { option (restatepb.v1.object) = {}; }\nservice Payments",
            ),
        ),
        place="service Payments",
    ),
    Case(
        "SERVICE_KIND_CHANGED",
        ((_CART, _CART.replace("v1.object", "v1.workflow").replace("rpc Add", "rpc Run")),),
        "object shop.v1.Cart: it was an object and is a workflow",
        safe=(),
        place="service Cart",
    ),
    Case(
        "ENCODING_CHANGED",
        (("= { state:", "= { encoding: ENCODING_JSON state:"),),
        "object shop.v1.Cart: its encoding was ENCODING_PROTOBUF and is ENCODING_JSON",
        safe=(("= { state:", "= { encoding: ENCODING_PROTOBUF state:"),),
        place="service Cart",
    ),
    Case(
        "INGRESS_CLOSED",
        (("service) = {", "service) = { config: { ingress_private: true }"),),
        "service shop.v1.Payments: ingress_private is on now",
        safe=(("service) = {", "service) = { config: { ingress_private: false }"),),
        place="service Payments",
    ),
    Case(
        "INGRESS_CLOSED",
        (
            (
                REFUND,
                REFUND.replace(
                    ";\n",
                    "{ option (restatepb.v1.handler) = { config: { ingress_private: true } }; }\n",
                ),
            ),
        ),
        "service shop.v1.Payments: handler Refund: ingress_private is on now",
        safe=(),
        place="  rpc Refund",
        handler="Refund",
    ),
    Case(
        "RETENTION_SHORTENED",
        (("service) = {", "service) = { config: { idempotency_retention: { seconds: 60 } }"),),
        "service shop.v1.Payments: idempotency_retention was the server's default (one day, if it is "
        "not configured) and is 60s",
        safe=(
            ("service) = {", "service) = { config: { idempotency_retention: { seconds: 86400 } }"),
        ),
        place="service Payments",
        why="runs again",
    ),
    Case(
        "RETENTION_SHORTENED",
        (("workflow) = {", "workflow) = { config: { workflow_retention: { seconds: 60 } }"),),
        "workflow shop.v1.Signup: handler Run: workflow_retention was the server's default",
        safe=(
            ("workflow) = {", "workflow) = { config: { workflow_retention: { seconds: 604800 } }"),
        ),
        place="  rpc Run",
        handler="Run",
    ),
]
