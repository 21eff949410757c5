"""Configs of ``transitions`` for tests, their refusal, and skeletons with every gap filled."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from language_kit import document

from stabflow.errors import Fault, ProcedureError
from stabflow.language import Procedure, from_transitions, loads

Config = dict[str, Any]

PERMIT: Config = {
    "name": "Street permit",
    "states": [
        "draft",
        {"name": "InReview", "on_enter": "notify_office", "timeout": 86400, "on_timeout": ["expire"]},
        {"name": "granted", "final": True},
        "审核不通过",
    ],
    "initial": "draft",
    "queued": True,
    "transitions": [
        {
            "trigger": "submit",
            "source": "draft",
            "dest": "InReview",
            "conditions": "is_complete",
            "unless": ["is_locked"],
        },
        ["note", "*", None],
        {"trigger": "renew", "source": ["draft", "InReview"], "dest": "=", "after": "log_it"},
        ["grant", "InReview", "granted", "rules.permits.may_grant"],
        {"trigger": "否决", "source": "InReview", "dest": "审核不通过"},
    ],
}


def refusal(config: Any) -> tuple[Fault, ...]:
    """The faults for which this config is refused."""
    with pytest.raises(ProcedureError) as caught:
        from_transitions(config)
    assert caught.value.what == "the config"
    return caught.value.faults


def machine(**changes: Any) -> Config:
    """A small config with ``changes``."""
    plain: Config = {
        "states": ["a", "b", "c"],
        "initial": "a",
        "transitions": [["go", "a", "b"], ["end", "b", "c"]],
        "auto_transitions": False,
    }
    return plain | changes


# Completing a skeleton, as a person would


def is_gap(value: object) -> bool:
    return isinstance(value, str) and value.startswith("TODO")


def completed(toml: str, **changes: object) -> dict[str, Any]:
    """The tables of a skeleton with every gap filled."""
    tables = tomllib.loads(toml)
    fillings = {"id": "made", "version": "1", "timezone": "Asia/Shanghai", "accountable": "clerk", "within": "10 days"}

    def fill(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {inner: fill(one, inner) for inner, one in value.items()}
        if isinstance(value, list):
            kept = [one for one in value if not (isinstance(one, dict) and is_gap(one.get("value")))]
            return [fill(one, key) for one in kept]
        return ("clerk" if key == "by" else fillings.get(key, "words")) if is_gap(value) else value

    roles = {"roles": {"clerk": {"title": {"en": "clerk", "zh": "经办人"}}}}
    return {**fill(tables), **roles, **changes}


def loaded(toml: str) -> Procedure:
    return loads(document(completed(toml)))
