"""Corrections of protoc's output for Python: stubs, and imports inside a package."""

from __future__ import annotations

from textwrap import dedent

from restate_proto.cli.protoc_output import mend_stub, prefix_imports


def test_stubs_lose_what_type_checkers_refuse() -> None:
    stub = """\
        from a.lambda.x_pb2 import Y as Y
        from b import used_pb2 as _used_pb2
        from b import unused_pb2 as _unused_pb2
        from b.used_pb2 import Public as Public
        from typing import ClassVar as _ClassVar, Mapping as _Mapping, Union as _Union
        LEVEL_FIELD_NUMBER: _ClassVar[int]
        None: Color
        class None(_message.Message):
            class lambda(_message.Message):
                A_FIELD_NUMBER: _ClassVar[int]
                def __init__(self, a: _used_pb2.A | _Mapping, **kwargs) -> None: ...
            def: E
            n: globals()['None']
            l: getattr(globals()['None'], 'lambda')
            m: _Mapping[str, str]
            o: _used_pb2.getattr(B, 'None')
        """
    assert mend_stub(dedent(stub)) == dedent(
        """\
        from typing import Any as _Any
        from b import used_pb2 as _used_pb2
        from b.used_pb2 import Public as Public
        from typing import ClassVar as _ClassVar, Mapping as _Mapping
        LEVEL_FIELD_NUMBER: int
        class None_(_message.Message):
            class lambda_(_message.Message):
                A_FIELD_NUMBER: _ClassVar[int]
                def __init__(self, a: _used_pb2.A | _Mapping[str, _Any], **kwargs: _Any) -> None: ...
            n: None_
            l: None_.lambda_
            m: _Mapping[str, str]
            o: _used_pb2.B.None_
        """
    )


def test_a_field_named_like_a_type_does_not_hide_it() -> None:
    stub = """\
        from typing import Optional as _Optional
        NUMBER_FIELD_NUMBER: _ClassVar[int]
        class A(_message.Message):
            __slots__ = ("bool", "int", "other")
            BOOL_FIELD_NUMBER: _ClassVar[int]
            bool: Rules
            int: int
            other: bool
            def __init__(self, bool: _Optional[Rules], int: _Optional[int], other: bool = ...) -> None: ...
        """
    assert mend_stub(dedent(stub)) == dedent(
        """\
        from builtins import int as _int
        from builtins import bool as _bool
        from typing import Optional as _Optional
        NUMBER_FIELD_NUMBER: _int
        class A(_message.Message):
            __slots__ = ("bool", "int", "other")
            BOOL_FIELD_NUMBER: _ClassVar[_int]
            bool: Rules
            int: _int
            other: _bool
            def __init__(self, bool: _Optional[Rules], int: _Optional[_int], other: _bool = ...) -> None: ...
        """
    )


def test_imports_of_the_tree_move_into_the_package_and_no_others() -> None:
    code = """\
        from google.protobuf import empty_pb2 as google_dot_protobuf_dot_empty__pb2
        from shop.v1 import cart_pb2 as shop_dot_v1_dot_cart__pb2
        import top_pb2 as top__pb2
        import other_pb2 as other__pb2
        x = importlib.import_module('shop.lambda.x_pb2')
        from shop.v1.cart_pb2 import *
        from shop.v1.cart_pb2 import Cart as Cart
        """
    modules = {"shop.v1.cart_pb2", "top_pb2", "shop.lambda.x_pb2"}
    assert prefix_imports(dedent(code), modules, "acme.gen") == dedent(
        """\
        from google.protobuf import empty_pb2 as google_dot_protobuf_dot_empty__pb2
        from acme.gen.shop.v1 import cart_pb2 as shop_dot_v1_dot_cart__pb2
        from acme.gen import top_pb2 as top__pb2
        import other_pb2 as other__pb2
        x = importlib.import_module('acme.gen.shop.lambda.x_pb2')
        from acme.gen.shop.v1.cart_pb2 import *
        from acme.gen.shop.v1.cart_pb2 import Cart as Cart
        """
    )
