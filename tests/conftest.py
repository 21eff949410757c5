"""What every test shares: the Hypothesis profiles. HYPOTHESIS_PROFILE names one; without it CI has its own."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SHORT = os.environ.get("STABFLOW_SHORT") == "1"

settings.register_profile("default", deadline=None)
settings.register_profile("ci", settings.get_profile("default"), print_blob=True)
settings.register_profile(
    "slow",
    settings.get_profile("ci"),
    max_examples=200 if SHORT else 2_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))
