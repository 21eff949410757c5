"""Canonical bytes: one way to write a document, so that a digest means one thing for ever.

The profile is JSON with sorted ASCII keys, no floats, integers within ±2⁵³ and NFC text; on it the bytes equal RFC 8785.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata

from .errors import Corrupt

_MAX = 2**53

_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)

text_of = json.encoder.encode_basestring
"""A text as it stands in canonical form, in its quotes: for who writes a document of a fixed shape by hand."""


def encode(document: object) -> bytes:
    """``document`` (made of str, bool, int, None, list and dict only) as canonical bytes.

    It trusts its caller to have checked the values; `check` is the full examination.
    """
    return text(document).encode("utf-8")


def text(document: object) -> str:
    """``document`` as canonical text; see `encode`."""
    return _encoder.encode(document)


def check(document: object) -> None:
    """Raise `ValueError` naming the place where ``document`` leaves the canonical profile."""
    if not _fits(document):
        _find_fault(document, "$")


def _fits(document: object) -> bool:
    """Whether ``document`` is in the canonical profile; False also for what only `_find_fault` can tell."""
    if type(document) is str:
        return document.isascii() or _is_clean(document)
    if type(document) is dict:
        return all(type(key) is str and key.isascii() and _fits(part) for key, part in document.items())
    if type(document) is list:
        return all(map(_fits, document))
    return document is None or type(document) is bool or (type(document) is int and -_MAX < document < _MAX)


def _is_clean(text: str) -> bool:
    """Whether ``text`` is in NFC, and without a lone surrogate."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return unicodedata.is_normalized("NFC", text)


def _find_fault(document: object, path: str) -> None:
    if document is None or isinstance(document, bool):
        return
    if isinstance(document, int):
        if not -_MAX < document < _MAX:
            raise ValueError(f"{path}: the integer {document} is beyond ±2⁵³")
    elif isinstance(document, str):
        if unicodedata.normalize("NFC", document) != document:
            raise ValueError(f"{path}: the text is not in NFC")
        try:
            document.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError(f"{path}: the text has a lone surrogate") from None
    elif isinstance(document, list):
        for index, part in enumerate(document):
            _find_fault(part, f"{path}[{index}]")
    elif isinstance(document, dict):
        for key, part in document.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"{path}: the key {key!r} is not ASCII text")
            _find_fault(part, f"{path}.{key}")
    else:
        raise ValueError(f"{path}: {type(document).__name__} has no canonical form")


def decode(data: bytes) -> object:
    """The document behind canonical bytes; `Corrupt` when the bytes are not exactly canonical."""
    try:
        document: object = json.loads(data)
        check(document)
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"not canonical JSON: {error}") from error
    if encode(document) != data:
        raise Corrupt("the bytes are JSON, but not in canonical form")
    return document


def sha256(data: bytes) -> str:
    """The SHA-256 of ``data`` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
