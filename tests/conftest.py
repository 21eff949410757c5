"""What every test shares: the Hypothesis profiles. HYPOTHESIS_PROFILE names one; without it CI has its own.

At a desk examples are drawn anew each time, and what they find is mended. CI draws the same ones for the same code, so that it
fails for a change and not by chance.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

SHORT = os.environ.get("STABFLOW_SHORT") == "1"

CI = bool(os.environ.get("CI"))

settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile(
    "ci", settings.get_profile("default"), derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "slow",
    settings.get_profile("ci" if CI else "default"),
    max_examples=200 if SHORT else 2_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if CI else "default"))
