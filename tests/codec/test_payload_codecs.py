"""The payload codecs of the library, alone and combined."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto import AesGcmSiv, PayloadCodecError, TerminalError, Zstd
from restate_proto.model.payload_codec import MARK, PayloadCodecs, payload_codecs

if TYPE_CHECKING:
    from restate_proto import PayloadCodec

ONE, TWO = bytes(32), bytes([1] * 32)
AES = AesGcmSiv({"2026-11": ONE})

ALONE: list[PayloadCodec] = [Zstd(), Zstd(19, min_size=0), AES]
STACKS = [*([codec] for codec in ALONE), [Zstd(), AES], [AES, Zstd()], [Zstd(), AES, AES]]


@given(st.sampled_from(STACKS), st.binary())
def test_what_is_encoded_is_decoded(stack: list[PayloadCodec], data: bytes) -> None:
    codecs = PayloadCodecs(stack)
    encoded = codecs.encode(data)
    assert codecs.decode(encoded) == data
    assert encoded.startswith(MARK) == bool(data)


@given(st.binary().filter(lambda data: not data.startswith(MARK)))
def test_what_is_plain_is_read(data: bytes) -> None:
    assert PayloadCodecs([Zstd(), AES]).decode(data) == data


@given(st.sampled_from([[Zstd()], [AES], [Zstd(), AES]]), st.binary())
def test_broken_payloads_are_errors_of_two_kinds(stack: list[PayloadCodec], data: bytes) -> None:
    with pytest.raises((PayloadCodecError, TerminalError)):
        PayloadCodecs(stack).decode(MARK + b"\x07" + data)


@given(st.binary(min_size=1), st.data())
def test_a_changed_bit_is_noticed(data: bytes, draw: st.DataObject) -> None:
    codecs = PayloadCodecs([AES])
    encoded = bytearray(codecs.encode(data))
    bit = draw.draw(st.integers(8 * len(MARK), 8 * len(encoded) - 1))
    encoded[bit // 8] ^= 1 << bit % 8
    with pytest.raises(PayloadCodecError):
        codecs.decode(bytes(encoded))


def test_several_encode_in_their_order() -> None:
    data = b"sesame " * 1_000
    compressed_first = PayloadCodecs([Zstd(), AES]).encode(data)
    assert len(compressed_first) < 200
    assert len(PayloadCodecs([AES, Zstd()]).encode(data)) > len(data)


class TestAesGcmSiv:
    def test_equal_payloads_become_different_bytes(self) -> None:
        assert AES.encode(b"yes") != AES.encode(b"yes")

    def test_nothing_plain_is_left_but_the_name_of_the_key(self) -> None:
        encoded = AES.encode(b"sesame, open")
        assert b"sesame" not in encoded
        assert b"2026-11" in encoded

    def test_the_first_key_writes_and_all_read(self) -> None:
        old = AesGcmSiv({"2026-11": ONE})
        both = AesGcmSiv({"2026-12": TWO, "2026-11": ONE})
        new = AesGcmSiv({"2026-12": TWO})
        assert both.decode(old.encode(b"data")) == b"data"
        assert new.decode(both.encode(b"data")) == b"data"

    def test_a_missing_key_is_named(self) -> None:
        other = AesGcmSiv({"2026-12": TWO, "2027-01": ONE})
        with pytest.raises(PayloadCodecError) as raised:
            other.decode(AES.encode(b"data"))
        assert str(raised.value) == (
            "it was encrypted with the key '2026-11', but there are only '2026-12', '2027-01': add that "
            "key to those of AesGcmSiv"
        )

    def test_another_key_of_the_same_name_is_noticed(self) -> None:
        with pytest.raises(PayloadCodecError, match="another key had that name"):
            AesGcmSiv({"2026-11": TWO}).decode(AES.encode(b"data"))

    def test_vectors_of_the_rfc(self) -> None:
        """RFC 8452, C.2: an 8 byte plaintext with the key and the nonce of the first tests."""
        cipher: Any = AesGcmSiv({"k": bytes([1]) + bytes(31)})
        sealed = bytes.fromhex("c2ef328e5c71c83b843122130f7364b761e0b97427e3df28")
        nonce = bytes([3]) + bytes(11)
        plain = cipher._cipher.decrypt(nonce, sealed, None)
        assert plain == bytes([1]) + bytes(7)

    @pytest.mark.parametrize(
        ("keys", "error", "says"),
        [
            ({}, ValueError, "there must be a key"),
            ({"a": b"short"}, ValueError, "'a' has 5 bytes, and must have 32"),
            ({"": ONE}, ValueError, "1 to 255 bytes"),
            ({"a" * 256: ONE}, ValueError, "1 to 255 bytes"),
            ([ONE], TypeError, "a mapping such as"),
            ({"a": "text" * 8}, TypeError, "a mapping such as"),
        ],
    )
    def test_wrong_keys_are_refused_and_not_shown(
        self, keys: Any, error: type[Exception], says: str
    ) -> None:
        with pytest.raises(error, match=says) as raised:
            AesGcmSiv(keys)
        assert "texttext" not in str(raised.value)


class TestZstd:
    def test_it_compresses_what_is_long_enough(self) -> None:
        data = b"a" * 256
        assert len(Zstd().encode(data)) < 50
        assert Zstd().encode(data[:-1]) == b"\x00" + data[:-1]

    def test_what_cannot_be_compressed_stays(self) -> None:
        data = bytes(range(256)) * 2
        assert len(Zstd(min_size=0).encode(b"abc")) == 4
        assert Zstd().decode(Zstd().encode(data)) == data

    @pytest.mark.parametrize("level", [1, 3, 19])
    def test_each_level_is_read_by_all(self, level: int) -> None:
        data = b"sesame " * 100
        assert Zstd().decode(Zstd(level).encode(data)) == data

    def test_a_bomb_is_refused_before_it_takes_the_memory(self) -> None:
        bomb = Zstd(max_size=2**31).encode(bytes(64 * 1024 * 1024))
        assert len(bomb) < 10_000
        with pytest.raises(TerminalError, match="has more than Zstd\\(max_size=1000\\)") as raised:
            Zstd(max_size=1_000).decode(bomb)
        assert raised.value.code == 413

    def test_what_would_be_refused_is_not_written(self) -> None:
        assert Zstd(max_size=1_000).decode(Zstd(max_size=1_000).encode(bytes(1_000)))
        with pytest.raises(ValueError, match="1001 bytes is longer than Zstd\\(max_size=1000\\)"):
            Zstd(max_size=1_000).encode(bytes(1_001))

    @pytest.mark.parametrize(
        "data", [b"", b"\x02", b"\x01", b"\x01abc", Zstd().encode(bytes(999))[:-1]]
    )
    def test_what_is_broken_is_terminal(self, data: bytes) -> None:
        with pytest.raises(TerminalError) as raised:
            Zstd().decode(data)
        assert raised.value.code == 400

    def test_bytes_after_the_end_are_broken(self) -> None:
        with pytest.raises(TerminalError, match="early or late"):
            Zstd().decode(Zstd().encode(bytes(999)) + b"more")

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"level": 0}, ValueError),
            ({"level": 20}, ValueError),
            ({"level": "3"}, TypeError),
            ({"min_size": -1}, ValueError),
            ({"max_size": 0}, ValueError),
        ],
    )
    def test_wrong_options_are_refused(
        self, options: dict[str, Any], error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            Zstd(**options)


@pytest.mark.parametrize(
    ("module", "make"),
    [
        ("backports" if sys.version_info < (3, 14) else "compression", Zstd),
        ("cryptography.exceptions", lambda: AesGcmSiv({"a": ONE})),
    ],
)
def test_without_the_extra_it_is_said_what_to_install(
    module: str, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'restate-proto\[codec\]'"):
        make()


class Backwards:
    """A codec that a user wrote."""

    def encode(self, data: bytes, /) -> bytes:
        return data[::-1]

    def decode(self, data: bytes, /) -> bytes:
        if data.startswith(b"?"):
            raise LookupError("no idea")
        return data[::-1]


def test_the_option_takes_one_several_or_none() -> None:
    assert payload_codecs("Endpoint", None) is None
    for option in (Backwards(), [Backwards()], (Backwards(), AES)):
        codecs = payload_codecs("Endpoint", option)
        assert codecs is not None
        assert codecs.decode(codecs.encode(b"abc")) == b"abc"


@pytest.mark.parametrize("wrong", [[], "zstd", Zstd, [Zstd], [AES, None], 5, {"key": ONE}])
def test_another_option_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError, match="or several in a list, in the order"):
        payload_codecs("Endpoint", wrong)


def test_any_exception_of_a_codec_is_one_to_retry() -> None:
    codecs = PayloadCodecs([Backwards()])
    with pytest.raises(PayloadCodecError, match="the payload cannot be decoded: no idea"):
        codecs.decode(MARK + b"?")
