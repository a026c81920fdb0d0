"""Changes of keys: the field that a key is in, and the form that it has."""

from __future__ import annotations

from tests.evolution.cases.contract import Case

__all__ = ["CASES"]

_ROOM_KEY = '{ type: "shop.v1.RoomKey" format: "{house}/{floor}-{door}" }'
_KEY = " [(restatepb.v1.key) = true]"

CASES = [
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
]
