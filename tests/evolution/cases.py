"""For each rule: changes of a contract that break it, and the safe way to the same goal."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CASES", "CONTRACT", "Case", "edited"]

CONTRACT = """\
syntax = "proto3";
package shop.v1;
import "google/protobuf/empty.proto";
import "google/protobuf/wrappers.proto";
import "restatepb/v1/options.proto";

service Cart {
  option (restatepb.v1.object) = { state: { name: "items" type: "shop.v1.ItemList" } };
  rpc Add(AddRequest) returns (Item);
  rpc Show(google.protobuf.Empty) returns (ItemList) {
    option (restatepb.v1.handler) = { shared: true };
  }
  rpc Scan(google.protobuf.BytesValue) returns (google.protobuf.BytesValue) {
    option (restatepb.v1.handler) = { raw: { input: "image/png" output: "image/png" } };
  }
  rpc Keep(google.protobuf.BytesValue) returns (google.protobuf.BytesValue);
}

service Signup {
  option (restatepb.v1.workflow) = { promise: { name: "confirmed" type: "shop.v1.Item" } };
  rpc Run(Account) returns (Account);
  rpc Confirm(Item) returns (google.protobuf.Empty);
}

service Payments {
  option (restatepb.v1.service) = { signal: { name: "approved" type: "shop.v1.Item" } };
  rpc Pay(Item) returns (Receipt);
  rpc Refund(Receipt) returns (Item);
}

service Stock {
  option (restatepb.v1.service) = { error: { type: "shop.v1.SoldOut" code: 409 } };
  rpc Take(Item) returns (google.protobuf.Empty) {
    option (restatepb.v1.handler).error = { type: "shop.v1.Locked" code: 423 };
  }
  rpc Look(Item) returns (google.protobuf.Empty);
}

service Ledger {
  option (restatepb.v1.object) = {
    name: "ledger"
    encoding: ENCODING_JSON
    state: { name: "last" type: "shop.v1.Entry" }
  };
  rpc Book(Entry) returns (google.protobuf.Empty);
}

service Room {
  option (restatepb.v1.object).key = { type: "shop.v1.RoomKey" format: "{house}/{floor}-{door}" };
  rpc Clean(Cleaning) returns (Cleaning);
}

message Cleaning {}
message RoomKey {
  string house = 1;
  int32 floor = 2;
  sint32 door = 3;
}
message Item { string id = 1; int32 amount = 2; }
message ItemList {
  repeated Item items = 1;
}
message AddRequest {
  string user = 1 [(restatepb.v1.key) = true];
  Item item = 2;
  string added = 4 [(restatepb.v1.awakeable) = { type: "shop.v1.Added" }];
}
message Added {
  string id = 1;
}
message Account {
  string name = 1;
  string mail = 2;
}
message Receipt {
  string id = 1;
  int64 cents = 2;
  uint32 parts = 9;
}
message Entry {
  string account_name = 1;
  Status status = 2;
}
message SoldOut {
  int32 left = 1;
}
message Locked {}
enum Status {
  STATUS_UNSPECIFIED = 0;
  STATUS_OPEN = 1;
}
"""

Edit = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """A change of the contract.

    Args:
        rule: what it breaks.
        edits: what is written instead of what, to break it.
        says: what the finding says.
        safe: the edits of the safe way, which break nothing.
        place: begins the line of the new contract that the finding points to; None for the file.
        before: that of the old contract; None where it is the same.
        handler: the handler that it is about.
        why: a part of why it breaks.
    """

    rule: str
    edits: tuple[Edit, ...]
    says: str
    safe: tuple[Edit, ...]
    place: str | None
    before: str | None = None
    handler: str | None = None
    why: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.says}"


def edited(edits: tuple[Edit, ...]) -> str:
    """The contract after edits."""
    text = CONTRACT
    for old, new in edits:
        assert text.count(old) >= 1, f"{old!r} is not in the contract"
        text = text.replace(old, new, 1)
    return text


_CART = CONTRACT[CONTRACT.index("service Cart") : CONTRACT.index("service Signup")]
_PAYMENTS = CONTRACT[CONTRACT.index("service Payments") : CONTRACT.index("service Stock")]
_OF_PAYMENTS = (
    'option (restatepb.v1.service) = { signal: { name: "approved" type: "shop.v1.Item" } };'
)
_SOLD_OUT = 'error: { type: "shop.v1.SoldOut" code: 409 }'
_SHARED = "option (restatepb.v1.handler) = { shared: true };"
_REFUND = "  rpc Refund(Receipt) returns (Item);\n"
_BYTES = "(google.protobuf.BytesValue) returns (google.protobuf.BytesValue)"
_RAW = 'raw: { input: "image/png" output: "image/png" }'
_ROOM_KEY = '{ type: "shop.v1.RoomKey" format: "{house}/{floor}-{door}" }'
_RULES = ("package shop.v1;", 'package shop.v1; import "buf/validate/validate.proto";')
_KEY = " [(restatepb.v1.key) = true]"


def _declared(what: str, service: str, name: str, type_: str, other: str) -> tuple[Case, ...]:
    """The cases of a declaration."""
    kinds = {"state": "object", "promise": "workflow", "signal": "service"}
    line = f"  option (restatepb.v1.{kinds[what]})"
    declaration = f'{what}: {{ name: "{name}" type: "shop.v1.{type_}" }}'
    one_more = f'{what}: {{ name: "{name}-2" type: "shop.v1.{other}" }}'
    return (
        Case(
            f"{what.upper()}_REMOVED",
            ((declaration, ""),),
            f'shop.v1.{service}: {what} "{name}" is gone',
            safe=((declaration, f"{declaration} {one_more}"),),
            place=f"service {service}",
            before=line,
        ),
        Case(
            f"{what.upper()}_RENAMED",
            ((f'"{name}"', '"another"'),),
            f'{what} "{name}" is gone, and "another" looks like it',
            safe=((declaration, f"{declaration} {declaration.replace(name, 'another')}"),),
            place=line,
        ),
        Case(
            f"{what.upper()}_TYPE_CHANGED",
            ((declaration, declaration.replace(f"v1.{type_}", f"v1.{other}")),),
            f'{what} "{name}" was shop.v1.{type_} and is shop.v1.{other}: field 1 ',
            safe=((declaration, f"{declaration} {one_more}"),),
            place=line,
        ),
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
        "HANDLER_REMOVED",
        ((_REFUND, ""),),
        "service shop.v1.Payments: handler Refund is gone",
        safe=((_REFUND, _REFUND.replace(";\n", " { option deprecated = true; }\n")),),
        place="service Payments",
        before="  rpc Refund",
        handler="Refund",
    ),
    Case(
        "HANDLER_RENAMED",
        (
            (
                _REFUND,
                _REFUND.replace(";\n", '{ option (restatepb.v1.handler) = { name: "undo" }; }\n'),
            ),
        ),
        'service shop.v1.Payments: handler Refund has the Restate name "undo" now',
        safe=((_REFUND, _REFUND + "  rpc Undo(Receipt) returns (Item);\n"),),
        place="  rpc Refund",
        handler="Refund",
    ),
    Case(
        "HANDLER_RENAMED",
        (("rpc Refund", "rpc Undo"),),
        'handler Refund has the Restate name "Undo" now (rpc Undo looks like it)',
        safe=(
            (
                _REFUND,
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
        "KEY_FIELD_CHANGED",
        ((_KEY, ""), ("Item item = 2;", f"Item item = 2;\n  string cart = 3{_KEY};")),
        'object shop.v1.Cart: the key of shop.v1.AddRequest was "user" and is "cart"',
        safe=(("string user = 1", "string customer = 1"),),
        place="  string cart",
        before="  string user",
        handler="Add",
        why="to different keys",
    ),
    Case(
        "KEY_FIELD_CHANGED",
        ((_KEY, ""),),
        'object shop.v1.Cart: the key of shop.v1.AddRequest was "user" and is not marked any more',
        safe=(("Item item = 2;", "Item item = 2; string cart = 3;"),),
        place="  rpc Add",
        before="  string user",
        handler="Add",
        why="take the key from the request",
    ),
    Case(
        "KEY_FIELD_CHANGED",
        (("string name = 1", f"string name = 1{_KEY}"),),
        'workflow shop.v1.Signup: the key of shop.v1.Account is marked now: "name"',
        safe=(("string mail = 2;", f"string mail = 2; string key = 3{_KEY};"),),
        place="  string name",
        before="  rpc Run",
        handler="Run",
        why="ValueError",
    ),
    Case(
        "KEY_FORMAT_CHANGED",
        (('format: "{house}/', 'format: "{house}:'),),
        'object shop.v1.Room: its key was "{house}/{floor}-{door}" (house string, floor int32, door '
        'int32) and is "{house}:{floor}-{door}" (house string, floor int32, door int32)',
        safe=(("string house", "string building"), ('"{house}/', '"{building}/')),
        place="  option (restatepb.v1.object).key",
        why="under the new ones everything starts empty",
    ),
    Case(
        "KEY_FORMAT_CHANGED",
        (("{floor}-{door}", "{door}-{floor}"),),
        'and is "{house}/{door}-{floor}" (house string, door int32, floor int32)',
        safe=(
            ("{floor}-{door}", "{door}-{floor}"),
            ("int32 floor", "int32 door"),
            ("sint32 door", "sint32 floor"),
        ),
        place="  option (restatepb.v1.object).key",
    ),
    Case(
        "KEY_FORMAT_CHANGED",
        (("int32 floor", "int64 floor"),),
        'and is "{house}/{floor}-{door}" (house string, floor int64, door int32)',
        safe=(("int32 floor", "sfixed32 floor"), ("floor = 2", "floor = 4")),
        place="  option (restatepb.v1.object).key",
    ),
    Case(
        "KEY_FORMAT_CHANGED",
        ((_ROOM_KEY, '{ fixed: "main" }'),),
        'object shop.v1.Room: its key was "{house}/{floor}-{door}" (house string, floor int32, door '
        'int32) and is the fixed "main"',
        safe=(),
        place="  option (restatepb.v1.object).key",
    ),
    Case(
        "KEY_FORMAT_CHANGED",
        ((f".key = {_ROOM_KEY}", " = {}"),),
        "(house string, floor int32, door int32) and is any string",
        safe=(),
        place="service Room",
        before="  option (restatepb.v1.object).key",
        why="callers are not bound to the format any more",
    ),
    Case(
        "KEY_FORMAT_CHANGED",
        (("{ promise:", '{ key: { fixed: "main" } promise:'),),
        'workflow shop.v1.Signup: its key was any string and is the fixed "main"',
        safe=(),
        place="  option (restatepb.v1.workflow)",
        before="service Signup",
        why="everything starts empty",
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
                _REFUND,
                _REFUND.replace(
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
        "CANCELLATION_CHANGED",
        (
            (
                _REFUND,
                _REFUND.replace(
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
    *(
        case
        for what, service, name, type_, other in (
            ("state", "Cart", "items", "ItemList", "Account"),
            ("promise", "Signup", "confirmed", "Item", "Account"),
            ("signal", "Payments", "approved", "Item", "Entry"),
        )
        for case in _declared(what, service, name, type_, other)
    ),
    Case(
        "ERROR_REMOVED",
        ((_SOLD_OUT, ""),),
        "service shop.v1.Stock: error shop.v1.SoldOut is gone",
        safe=((_SOLD_OUT, f'{_SOLD_OUT} error: {{ type: "shop.v1.Item" code: 410 }}'),),
        place="service Stock",
        before="  option (restatepb.v1.service) = { error",
    ),
    Case(
        "ERROR_REMOVED",
        (('type: "shop.v1.Locked"', 'type: "shop.v1.Item"'),),
        "service shop.v1.Stock: error shop.v1.Locked of Take is gone",
        safe=(
            (
                '{\n    option (restatepb.v1.handler).error = { type: "shop.v1.Locked" code: 423 };\n  }',
                ";",
            ),
            (_SOLD_OUT, f'{_SOLD_OUT} error: {{ type: "shop.v1.Locked" code: 423 }}'),
        ),
        place="service Stock",
        before="    option (restatepb.v1.handler).error",
        handler="Take",
    ),
    Case(
        "ERROR_CODE_CHANGED",
        (("code: 409", "code: 410"),),
        "service shop.v1.Stock: error shop.v1.SoldOut had the code 409 and has 410",
        safe=(("code: 409", "code: 0x199"),),
        place="  option (restatepb.v1.service) = { error",
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
        "AWAKEABLE_TYPE_CHANGED",
        (('{ type: "shop.v1.Added" }', '{ type: "shop.v1.Entry" }'),),
        "object shop.v1.Cart: the awakeable of shop.v1.AddRequest.added was shop.v1.Added and is "
        'shop.v1.Entry: field 1 "id" of shop.v1.Added is "account_name" in shop.v1.Entry',
        safe=(('[(restatepb.v1.awakeable) = { type: "shop.v1.Added" }]', ""),),
        place="  string added",
        why="waits gets a failure (400)",
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
