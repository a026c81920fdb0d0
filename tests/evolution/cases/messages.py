"""Changes of messages: their fields, names and rules."""

from __future__ import annotations

from tests.evolution.cases.contract import Case

__all__ = ["CASES"]

_RULES = ("package shop.v1;", 'package shop.v1; import "buf/validate/validate.proto";')

CASES = [
    Case(
        "RULES_TIGHTENED",
        (
            _RULES,
            ("string name = 1;", "string name = 1 [(buf.validate.field).string.min_len = 2];"),
        ),
        'workflow shop.v1.Signup: field 1 "name" of shop.v1.Account: has the rule string.min_len = 2 now',
        safe=(
            _RULES,
            ("  rpc Confirm", "  rpc Check(Strict) returns (Account);\n  rpc Confirm"),
            (
                "message Receipt",
                (
                    "message Strict { string id = 1 [(buf.validate.field).required = true]; }\n"
                    "message Receipt"
                ),
            ),
        ),
        place="  string name",
        handler="Run",
        why="invocations of Run",
    ),
    Case(
        "MESSAGE_CHANGED",
        (("int32 left = 1", "string left = 1"),),
        'service shop.v1.Stock: field 1 "left" of shop.v1.SoldOut was int32 and is string',
        safe=(("int32 left = 1;", "int32 left = 1; string since = 2;"),),
        place="  string left",
        before="  int32 left",
        why="(error shop.v1.SoldOut)",
    ),
    Case(
        "MESSAGE_CHANGED",
        (("repeated Item items", "repeated string items"),),
        'object shop.v1.Cart: field 1 "items" of shop.v1.ItemList was repeated shop.v1.Item and is '
        "repeated string",
        safe=(("repeated Item items = 1;", "repeated Item items = 1; repeated string ids = 2;"),),
        place="  repeated string",
        before="  repeated Item",
        why='(state "items", the response of Show)',
    ),
    Case(
        "MESSAGE_CHANGED",
        (("string account_name = 1", "string holder = 1"),),
        'object ledger: field 1 "account_name" of shop.v1.Entry was "accountName" in ProtoJSON and is '
        '"holder"',
        safe=(("string account_name = 1", 'string holder = 1 [json_name = "accountName"]'),),
        place="  string holder",
        before="  string account_name",
    ),
    Case(
        "MESSAGE_CHANGED",
        (("STATUS_OPEN", "STATUS_ACTIVE"),),
        'object ledger: value 1 "STATUS_OPEN" of shop.v1.Status is "STATUS_ACTIVE"',
        safe=(("STATUS_OPEN = 1;", "STATUS_OPEN = 1; STATUS_CLOSED = 2;"),),
        place="enum Status",
        before="  STATUS_OPEN",
    ),
    *(
        Case(
            "MESSAGE_CHANGED",
            (("int64 cents", f"{narrow} cents"),),
            f'service shop.v1.Payments: field 2 "cents" of shop.v1.Receipt was int64 and is {narrow}',
            safe=(("int64 cents = 2;", f"int64 cents = 2; {narrow} units = 4;"),),
            place=f"  {narrow} cents",
            before="  int64 cents",
            why="(the response of Pay, the request of Refund)",
        )
        for narrow in ("int32", "uint64", "bool", "double")
    ),
    Case(
        "FIELD_WIDENED",
        (("uint32 parts", "int64 parts"),),
        'service shop.v1.Payments: field 9 "parts" of shop.v1.Receipt was uint32 and is int64',
        safe=(("uint32 parts = 9;", "uint32 parts = 9; int64 pieces = 4;"),),
        place="  int64 parts",
        before="  uint32 parts",
        why="(the response of Pay, the request of Refund)",
    ),
    Case(
        "TYPE_RENAMED",
        (
            ("message ItemList", "message Things { repeated Item items = 1; }\nmessage ItemList"),
            ('type: "shop.v1.ItemList"', 'type: "shop.v1.Things"'),
        ),
        'object shop.v1.Cart: state "items" was shop.v1.ItemList and is shop.v1.Things',
        safe=(),
        place="  option (restatepb.v1.object)",
    ),
]
