"""Numbers that name a person: resident identity cards and mobile phones, found in text before it enters.

What entered cannot be erased, because every record is chained to the next, so that such a text is refused and not masked. Nothing
else is read from a text, and nothing about who wrote it. The refusal names the place and never repeats the number.

A number begins and ends where a group of digits does; blanks, hyphens, dots, brackets and what nobody sees may part its groups. A
date is one group. Whatever else has many digits is meant to pass: numbers of documents, amounts, digests, ids, lists of dates,
addresses of machines.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from .errors import Fault, InvalidInput
from .text import Text
from .values import Actor, Basis, File, Matter

IDENTITY_CARD = Text("the number of an identity card", "居民身份证号码")
MOBILE_PHONE = Text("the number of a mobile phone", "手机号码")
CURE = "leave it out: what is on record cannot be erased; keep it in a file that stays with you, and name the file by its digest"

_FEWEST, _MOST = 11, 18
_UNSEEN = "\u00ad\u034f\u180e\u200b-\u200d\u2060-\u2064\u20e3\ufe00-\ufe0f\ufeff"
_PART = rf"[ ()（）\u00a0\u2002-\u200a\u202f\u3000.．·・•‧。_＿\-‐-―−－﹣{_UNSEEN}]"
_RUN = re.compile(rf"\d(?:{_PART}{{0,6}}\d){{{_FEWEST - 1},}}(?:{_PART}{{0,6}}[XxＸｘ](?![0-9A-Za-z]))?")
_ENOUGH = re.compile(rf"(?:\D*+\d){{{_FEWEST}}}")
"""As many digits as a number has, whatever parts them: most texts have fewer, and are told so fast."""
_GROUP = re.compile(r"\d+[Xx]?|[Xx]")
_NOT_SEEN = re.compile(f"[{_UNSEEN}]")
_OPAQUE = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,128})(?![0-9A-Za-z])", re.IGNORECASE
)
_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_NO_NUMBER = re.compile(rf"(?<!\d)(?<!\d\.)(?:(?:{_BYTE}\.){{3}}{_BYTE}(?!\.?\d)|0\.\d+)")
"""The address of a machine, and a fraction."""
_DATE = re.compile(r"(?<!\d)(?:(?:19|20)\d\d([-./])[01]?\d\1[0-3]?\d|[0-3]?\d([-./])[01]?\d\2(?:19|20)\d\d)(?!\d)")
_MOBILE = re.compile(r"(?:0|(?:00)?86)?1[3-9]\d{9}\Z")
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])\d{4}"
_CARD = re.compile(rf"{_PROVINCE}(\d{{4}})(\d\d)(\d\d)\d{{3}}[0-9X]\Z")
_OLD_CARD = re.compile(rf"{_PROVINCE}(\d\d)(\d\d)(\d\d)\d{{3}}\Z")
_THOUSANDS = re.compile(r"\d{1,3}(?:([ .\u00a0\u202f])\d{3})(?:\1\d{3})+\Z")
_YEARS = re.compile(r"(?:19|20)\d\d[^\d](?:19|20)\d\d(?!\d)")
_MONEY_AFTER = re.compile(r"(?:\.\d{1,2})?\s?(?:[美港欧日]?元|[万亿]元?|CNY|RMB|yuan)", re.IGNORECASE)
_MONEY_BEFORE = re.compile(r"(?:[¥￥]|CNY|RMB)\s?\Z", re.IGNORECASE)
_DIGITS = {ord(digit): str(value) for value, digit in enumerate("０１２３４５６７８９")} | {
    ord("Ｘ"): "X",
    ord("ｘ"): "X",
}


def named_in(text: str) -> Text | None:
    """What names a person in ``text``, if anything does."""
    if len(text) < _FEWEST or _ENOUGH.match(text) is None or _RUN.search(text) is None:
        return None
    seen = _NO_NUMBER.sub("#", _OPAQUE.sub("#", _plain(text)))
    within_dates = {at for one in _DATE.finditer(seen) for at in range(one.start() + 1, one.end())}
    for run in _RUN.finditer(seen):
        groups = [one.span() for one in _GROUP.finditer(seen, *run.span())]
        for start, end in _numbers(groups, within_dates):
            found = _named_by(seen, start, end)
            if found is not None:
                return found
    return None


def refuse_personal(*said: Mapping[str, object]) -> None:
    """`InvalidInput` where a text of ``said`` names a person by number: each place and the cure, never the number."""
    faults = faults_in(*said)
    if faults:
        raise InvalidInput(faults)


def faults_in(*said: Mapping[str, object]) -> Sequence[Fault]:
    """What is wrong with the texts of ``said``, which has values by their places."""
    faults = []
    for table in said:
        for path, value in table.items():
            if type(value) is int:
                continue
            for place, text in _texts(path, value):
                found = named_in(text) if len(text) >= _FEWEST else None
                if found is not None:
                    faults.append(Fault(place, f"has what looks like {found.en}", CURE))
    return faults


def _texts(path: str, value: object) -> Sequence[tuple[str, str]]:
    """The texts in ``value``, which stands at ``path``, each with its own place."""
    if isinstance(value, Actor):
        return ((f"{path}.id", value.id), (f"{path}.body", value.body))
    if isinstance(value, Basis):
        return ((path, value.text),)
    if isinstance(value, str):
        return ((path, str.__str__(value)),)
    if value is None or isinstance(value, int):
        return ()
    if isinstance(value, Matter):
        return ((f"{path}.key", value.key), (f"{path}.title", value.title))
    title = value.title if isinstance(value, File) else None
    if isinstance(value, Mapping):  # a file that is still to be read
        title = value.get("title")
    return ((f"{path}.title", str.__str__(title)),) if isinstance(title, str) else ()


def _plain(text: str) -> str:
    """``text`` without what nobody sees, its digits plain ones."""
    text = _NOT_SEEN.sub("", text)
    if text.isascii():
        return text
    return "".join(str(int(one)) if one.isdecimal() else one for one in text.translate(_DIGITS))


def _numbers(groups: Sequence[tuple[int, int]], within_dates: Collection[int]) -> Iterator[tuple[int, int]]:
    """Where what may be one number begins and ends: with a group, and not within a date."""
    for first, (start, _) in enumerate(groups):
        if start in within_dates:
            continue
        digits = 0
        for begun, end in groups[first:]:
            digits += end - begun
            if digits > _MOST:
                break
            if digits >= _FEWEST and end not in within_dates:
                yield start, end


def _named_by(text: str, start: int, end: int) -> Text | None:
    written = text[start:end]
    digits = "".join(_GROUP.findall(written)).upper()
    if len(digits) in (15, 18) and _is_card(digits):
        return IDENTITY_CARD
    if _MOBILE.match(digits) and not _is_no_phone(text, start, end):
        return MOBILE_PHONE
    return None


def _is_card(digits: str) -> bool:
    new, old = _CARD.match(digits), _OLD_CARD.match(digits)
    if new is not None:
        year, month, day = map(int, new.groups())
        return 1900 <= year <= 2099 and _is_day(year, month, day)
    return old is not None and _is_day(1900 + int(old[1]), int(old[2]), int(old[3]))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _is_no_phone(text: str, start: int, end: int) -> bool:
    """Whether eleven digits are an amount, or dates and what stands beside them."""
    written = text[start:end]
    return bool(
        _THOUSANDS.match(written)
        or _DATE.search(written)
        or _YEARS.match(written)
        or _MONEY_AFTER.match(text, end)
        or _MONEY_BEFORE.search(text[max(0, start - 6) : start])
    )
