"""Canonical bytes: one way to write a document, read back strictly."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stabflow.canonical import check, decode, encode, sha256
from stabflow.errors import Corrupt

texts = st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: unicodedata.normalize("NFC", text))
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
)


@given(documents)
def test_a_document_comes_back_as_it_was(document: object) -> None:
    data = encode(document)
    assert decode(data) == document
    assert encode(decode(data)) == data


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), documents), st.randoms())
def test_the_order_of_keys_means_nothing(document: dict[str, object], random: Any) -> None:
    pairs = list(document.items())
    random.shuffle(pairs)
    assert encode(dict(pairs)) == encode(document)


def test_bytes_are_those_of_rfc_8785() -> None:
    document = {"b": [1, True, None], "a": "é“中”\n\u2028\x7f", "A": {"": -5}, "a1": 2**53 - 1}
    assert encode(document) == '{"A":{"":-5},"a":"é“中”\\n\u2028\x7f","a1":9007199254740991,"b":[1,true,null]}'.encode()
    assert encode('\x00\x1f"\\/') == b'"\\u0000\\u001f\\"\\\\/"'


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (1.0, "$: float has no canonical form"),
        ({"a": [0.5]}, "$.a[0]: float has no canonical form"),
        ({"a": {"b": 2**53}}, "$.a.b: the integer 9007199254740992 is beyond ±2⁵³"),
        ([-(2**53)], "$[0]: the integer -9007199254740992 is beyond ±2⁵³"),
        (["e\u0301"], "$[0]: the text is not in NFC"),
        ({"x": "\ud800"}, "$.x: the text has a lone surrogate"),
        ({"é": 1}, "$: the key 'é' is not ASCII text"),
        ({1: 1}, "$: the key 1 is not ASCII text"),
        ([(1,)], "$[0]: tuple has no canonical form"),
        ({"a": b"x"}, "$.a: bytes has no canonical form"),
        ({"a": {1}}, "$.a: set has no canonical form"),
    ],
)
def test_what_leaves_the_profile_is_told_with_its_place(document: object, told: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        check(document)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"a":1,}',
        b' {"a":1}',
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":01}',
        b'{"a":"\\u00e9"}',
        b'{"a":"\\/"}',
        b'{"a":"\\ud800"}',
        '{"a":"e\u0301"}'.encode(),
        '{"é":1}'.encode(),
        b'"\xff"',
        '{"a":1}'.encode("utf-16"),
        '\ufeff{"a":1}'.encode(),
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":9007199254740992}',
        b"[" * 100_000,
        b"[" * 3_000 + b"]" * 3_000,
        b"null\n",
    ],
)
def test_bytes_that_are_not_exactly_canonical_are_corrupt(data: bytes) -> None:
    with pytest.raises(Corrupt):
        decode(data)


@given(documents, st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_corrupt_or_another_document(document: object, place: int, change: int) -> None:
    data = bytearray(encode(document))
    data[place % len(data)] ^= change
    try:
        other = decode(bytes(data))
    except Corrupt:
        return
    assert encode(other) == bytes(data)
    assert encode(other) != encode(document)


def test_floats_are_never_written_as_numbers_that_are_none() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        encode(float("nan"))


def test_sha256_is_that_of_the_bytes() -> None:
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(encode({"a": 1})) == hashlib.sha256(json.dumps({"a": 1}, separators=(",", ":")).encode()).hexdigest()
