"""Changes of what a service declares: state, promises, signals, errors, awakeables."""

from __future__ import annotations

from tests.evolution.cases.contract import Case

__all__ = ["CASES"]

_SOLD_OUT = 'error: { type: "shop.v1.SoldOut" code: 409 }'


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
        "AWAKEABLE_TYPE_CHANGED",
        (('{ type: "shop.v1.Added" }', '{ type: "shop.v1.Entry" }'),),
        "object shop.v1.Cart: the awakeable of shop.v1.AddRequest.added was shop.v1.Added and is "
        'shop.v1.Entry: field 1 "id" of shop.v1.Added is "account_name" in shop.v1.Entry',
        safe=(('[(restatepb.v1.awakeable) = { type: "shop.v1.Added" }]', ""),),
        place="  string added",
        why="waits gets a failure (400)",
    ),
]
