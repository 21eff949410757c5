"""The kit of notifiers, on a receiver on loopback that verifies what it takes."""

from __future__ import annotations

import pytest
from stabflow_webhook.testing import WebhookHarness

from stabflow.testing import NotifierContract


@pytest.mark.slow
class TestWebhookNotifier(NotifierContract):
    harness = WebhookHarness
