"""Add the rules of protovalidate (`buf.validate`) to JSON Schemas and examples.

A schema never refuses what validation accepts. Rules that JSON Schema cannot express, such as CEL
expressions, are added to the description.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from restate_proto.codec.json_forms import WRAPPERS
from restate_proto.protobuf import is_repeated, map_entry
from restate_proto.rules import rule_words

if TYPE_CHECKING:
    from restate_proto.model.codec import JsonSchema
    from restate_proto.rules import Rules

__all__ = ["constrain", "constrain_message", "example_of", "inner_rules", "must_be_there"]

_F = FieldDescriptor
_AS_STRINGS = {
    *(_F.TYPE_INT64, _F.TYPE_SINT64, _F.TYPE_SFIXED64),
    *(_F.TYPE_UINT64, _F.TYPE_FIXED64),
}
_FLOATS = {_F.TYPE_FLOAT, _F.TYPE_DOUBLE}

# JSON Schema's format of a rule, if it has one, and an example.
_FORMATS = {
    "email": ("email", "someone@example.com"),
    "hostname": ("hostname", "example.com"),
    "ip": ("", "192.0.2.1"),
    "ipv4": ("ipv4", "192.0.2.1"),
    "ipv6": ("ipv6", "2001:db8::1"),
    "uri": ("uri", "https://example.com/path"),
    "uri_ref": ("uri-reference", "/path"),
    "address": ("", "example.com"),
    "uuid": ("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
    "tuuid": ("", "6ba7b8109dad11d180b400c04fd430c8"),
    "ulid": ("", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    "host_and_port": ("", "example.com:443"),
    "ip_with_prefixlen": ("", "192.0.2.1/24"),
    "ipv4_with_prefixlen": ("", "192.0.2.1/24"),
    "ipv6_with_prefixlen": ("", "2001:db8::1/32"),
    "ip_prefix": ("", "192.0.2.0/24"),
    "ipv4_prefix": ("", "192.0.2.0/24"),
    "ipv6_prefix": ("", "2001:db8::/32"),
}
# Syntax of RE2 that JSON Schema's regular expressions lack or understand differently.
_RE2_ALONE = re.compile(r"\(\?(?!:)|\\[ACQEzZpPaC]|\[\[:|\\x\{")


# Rules of strings and bytes that refuse the empty value, unless the rule is 0 or empty.
_NOT_EMPTY = {"min_len", "len", "min_bytes", "len_bytes", "prefix", "suffix", "contains"}


def inner_rules(rules: Rules, prefix: str) -> Rules:
    """Return the rules of a field's items, keys or values.

    Args:
        rules: the rules of the field.
        prefix: `repeated.items.`, `map.keys.` or `map.values.`.
    """
    return {key.removeprefix(prefix): rules[key] for key in rules if key.startswith(prefix)}


def must_be_there(field: FieldDescriptor, rules: Rules) -> bool:
    """Tell whether a message without a field is refused."""
    if "ignore" in rules:
        return False
    if rules.get("required"):
        return True
    if is_repeated(field):
        return _number(rules, "repeated.min_items") > 0 or _number(rules, "map.min_pairs") > 0
    return not field.has_presence and _refuses_zero(rules)


def constrain(
    schema: JsonSchema, field: FieldDescriptor, rules: Rules, *, is_item: bool = False
) -> JsonSchema:
    """Add the rules of a field to the schema of its values.

    Args:
        schema: the schema, to which the rules of items or map entries were already added.
        field: the field, or an entry's `key` or `value`.
        rules: its rules.
        is_item: whether schema and rules are those of an item of the field.
    """
    if not rules:
        return schema
    left = {key: rules[key] for key in rules if not _is_inner(key)}
    added: JsonSchema = {}
    if "ignore" not in rules:
        if is_repeated(field) and not is_item:
            _constrain_many(added, left, is_map=map_entry(field) is not None)
        else:
            _constrain_value(added, field, left)
    constrained = {**schema, **added}
    _describe(constrained, left)
    return constrained


def constrain_message(schema: JsonSchema, rules: Rules) -> None:
    """Add the rules of a message as a whole to its schema."""
    _describe(schema, rules)


def _describe(schema: JsonSchema, rules: Rules) -> None:
    words = rule_words(rules)
    if words:
        text = f"Rules: {'; '.join(words)}."
        schema["description"] = "\n".join(filter(None, (schema.get("description"), text)))


def example_of(field: FieldDescriptor, rules: Rules, usual: Any) -> Any:
    """Return an example that keeps its rules if one is easily found, else the usual example.

    Args:
        field: the field that has the value, in JSON.
        rules: the rules of the value.
        usual: the example of the field's type.
    """
    found: Any = None
    if not rules:
        return usual
    for key, value in rules.items():
        kind, _, name = key.partition(".")
        if name == "example" and isinstance(value, tuple) and value:
            found = value[0]
        elif name == "const":
            found = value
        elif name == "in" and isinstance(value, tuple):
            found = value[0]
        elif kind == "string" and name in _FORMATS:
            found = _FORMATS[name][1]
    if found is None and not isinstance(usual, bool):
        if isinstance(usual, str) and "string" in {key.partition(".")[0] for key in rules}:
            return _string_example(usual, rules)
        if isinstance(usual, int | float) or field.type in _AS_STRINGS:
            found = _number_example(float(usual) if field.type in _FLOATS else int(usual), rules)
    if found is None or isinstance(found, bytes | dict):
        return usual
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(found)
        return found if known is None else known.name
    return str(found) if field.type in _AS_STRINGS else found


def _is_inner(key: str) -> bool:
    return key.startswith(("repeated.items.", "map.keys.", "map.values."))


def _constrain_many(added: JsonSchema, left: Rules, *, is_map: bool) -> None:
    least, most = ("minProperties", "maxProperties") if is_map else ("minItems", "maxItems")
    if left.pop("required", False):
        added[least] = 1
    for key, word in (
        ("repeated.min_items", least),
        ("repeated.max_items", most),
        ("map.min_pairs", least),
        ("map.max_pairs", most),
    ):
        if key in left:
            added[word] = max(_number(left, key), added.get(word, 0))
            del left[key]
    if left.pop("repeated.unique", False):
        added["uniqueItems"] = True


def _constrain_value(added: JsonSchema, field: FieldDescriptor, left: Rules) -> None:
    """Express as many rules as possible in the schema, and remove them from the rules."""
    kinds = {key.partition(".")[0] for key in left if "." in key}
    if left.pop("required", False) and not field.has_presence and field.message_type is None:
        is_text = field.type in {_F.TYPE_STRING, _F.TYPE_BYTES}
        _refuse(added, [""] if is_text else _forms(field, 0))
    message = field.message_type
    if message is not None and message.full_name not in WRAPPERS:
        return
    for kind in kinds - {"bytes"}:
        own = {key: left[key] for key in list(left) if key.startswith(f"{kind}.")}
        handled = _constrain_kind(added, field, kind, {k.partition(".")[2]: own[k] for k in own})
        for name in handled:
            left.pop(f"{kind}.{name}", None)


def _constrain_kind(added: JsonSchema, field: FieldDescriptor, kind: str, rules: Rules) -> set[str]:
    handled = {"example"}
    is_wrapper = field.message_type is not None
    for name, value in rules.items():
        if name in {"const", "in"} and not is_wrapper:
            values = value if isinstance(value, tuple) else (value,)
            added["enum"] = [form for each in values for form in _forms(field, each)]
        elif name == "not_in" and isinstance(value, tuple) and not is_wrapper:
            _refuse(added, [form for each in value for form in _forms(field, each)])
        elif kind == "string" and name in {"min_len", "max_len", "len"}:
            if name != "max_len":
                added["minLength"] = value
            if name != "min_len":
                added["maxLength"] = value
        elif kind == "string" and name in _FORMATS and _FORMATS[name][0]:
            added["format"] = _FORMATS[name][0]
        elif kind == "string" and (pattern := _pattern(name, value)) is not None:
            _add(added, "pattern", pattern)
        elif name == "finite":
            added["type"] = "number"
        elif name == "defined_only" and field.enum_type is not None and "enum" not in added:
            known = [each.number for each in field.enum_type.values]
            added["enum"] = [*dict.fromkeys(f for each in known for f in _forms(field, each))]
        elif name in _BOUNDS and not _is_outside(rules) and not isinstance(value, str):
            added[_BOUNDS[name]] = value
        else:
            continue
        handled.add(name)
    return handled


_BOUNDS = {
    "gt": "exclusiveMinimum",
    "gte": "minimum",
    "lt": "exclusiveMaximum",
    "lte": "maximum",
}


def _is_outside(rules: Rules) -> bool:
    """Tell whether the bounds exclude a range, which they do if the lower one is the higher one."""
    lower: Any = rules.get("gt", rules.get("gte"))
    upper: Any = rules.get("lt", rules.get("lte"))
    return lower is not None and upper is not None and lower >= upper


def _pattern(name: str, value: Any) -> str | None:
    match name:
        case "pattern":
            return None if _RE2_ALONE.search(value) else value
        case "prefix":
            return f"^{_escape_pattern(value)}"
        case "suffix":
            return f"{_escape_pattern(value)}$"
        case "contains":
            return _escape_pattern(value)
        case _:
            return None


def _escape_pattern(text: str) -> str:
    return re.sub(r"[\\^$.|?*+()\[\]{}/]", r"\\\g<0>", text)


def _add(added: JsonSchema, word: str, value: Any) -> None:
    if word in added:
        added.setdefault("allOf", []).append({word: value})
    else:
        added[word] = value


def _refuse(added: JsonSchema, values: list[Any]) -> None:
    _add(added, "not", {"enum": values})


def _forms(field: FieldDescriptor, value: Any) -> list[Any]:
    """Return the schemas of the forms that a value may have in JSON."""
    if field.enum_type is not None:
        names = [each.name for each in field.enum_type.values if each.number == value]
        return [*names, value]
    if field.type == _F.TYPE_BOOL:
        return [bool(value)]
    return [value, str(value)] if field.type in _AS_STRINGS else [value]


def _number(rules: Rules, key: str) -> int:
    value = rules.get(key, 0)
    return value if isinstance(value, int) else 0


def _refuses_zero(rules: Rules) -> bool:
    """Tell whether the zero value breaks a rule: 0, false, the empty string."""
    for key, value in rules.items():
        kind, _, name = key.partition(".")
        found: Any = value
        if kind in {"string", "bytes"} and (
            name in _FORMATS or (name in _NOT_EMPTY and bool(found))
        ):
            return True
        if (name == "const" and found) or (name == "in" and all(found)):
            return True
        if name == "not_in" and not all(found):
            return True
        if kind in {"string", "bytes"} or _is_outside(_of_kind(rules, kind)):
            continue
        if isinstance(found, int | float) and _is_beyond(name, found, 0):
            return True
    return False


def _of_kind(rules: Rules, kind: str) -> Rules:
    return {key.partition(".")[2]: rules[key] for key in rules if key.startswith(f"{kind}.")}


def _is_beyond(name: str, bound: float, value: float) -> bool:
    """Tell whether a value is not within a bound."""
    return (
        (name == "gt" and value <= bound)
        or (name == "gte" and value < bound)
        or (name == "lt" and value >= bound)
        or (name == "lte" and value > bound)
    )


def _string_example(usual: str, rules: Rules) -> str:
    own = _of_kind(rules, "string")
    text = f"{own.get('prefix', '')}{own.get('contains', '')}{own.get('suffix', '')}" or usual
    least = max(_number(own, "min_len"), _number(own, "len"))
    most = own.get("max_len", own.get("len"))
    if len(text) < least:
        text += usual[-1] * (least - len(text))
    return text[:most] if isinstance(most, int) else text


def _number_example(usual: float, rules: Rules) -> float | None:
    own: Rules = {}
    for key in rules:
        own = own or _of_kind(rules, key.partition(".")[0])
    bounds: dict[str, Any] = {name: own[name] for name in _BOUNDS if name in own}
    candidates = [usual]
    for name, bound in bounds.items():
        if isinstance(bound, int | float):
            candidates += [bound, bound + 1 if name.startswith("g") else bound - 1]
    refused: Any = own.get("not_in", ())
    for each in candidates:
        fits = _is_outside(own) or not any(_is_beyond(n, b, each) for n, b in bounds.items())
        if fits and each not in refused and not (rules.get("required") and not each):
            return each
    return None
