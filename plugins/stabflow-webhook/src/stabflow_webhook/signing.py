"""Signatures after Standard Webhooks (``v1``: HMAC with SHA-256): one for each secret in use, so that secrets can be changed."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence

from stabflow.errors import Fault, InvalidInput
from stabflow.ports.notifier import Secret, Secrets, only

PREFIX = "whsec_"
_MAKE = (
    "make one: whsec_ and what python3 -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())' prints"
)


def read_secrets(secrets: Secrets) -> tuple[bytes, ...]:
    """The keys in ``secrets``; `InvalidInput`, which quotes none, when there is none or one is not as the scheme has it."""
    only(secrets, "signing")
    given = secrets.get("signing", ())
    if not given:
        raise InvalidInput.at("secrets.signing", "there is no secret to sign with", _MAKE, what="the channel")
    keys = [_key(secret) for secret in given]
    faults = [
        Fault(f"secrets.signing[{place}]", f"it is not {PREFIX} and 24 to 64 bytes in base64", _MAKE)
        for place, key in enumerate(keys)
        if key is None
    ]
    if faults:
        raise InvalidInput(faults, what="the channel")
    return tuple(key for key in keys if key is not None)


def _key(secret: Secret) -> bytes | None:
    written = secret.value.strip()
    if not written.startswith(PREFIX):
        return None
    written = written.removeprefix(PREFIX)
    try:
        key = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except ValueError:
        return None
    return key if 24 <= len(key) <= 64 else None


def headers(keys: Sequence[bytes], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers by which a receiver knows what ``body`` is, when it was sent, and that it is ours."""
    signed = f"{message}.{timestamp}.".encode("ascii") + body
    signatures = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode("ascii") for key in keys]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
