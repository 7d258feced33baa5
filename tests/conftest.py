"""Profiles of the property tests: `make test` samples, `make nightly` looks longer."""

import os

from hypothesis import settings

settings.register_profile("nightly", max_examples=2_000, deadline=None)
if "HYPOTHESIS_PROFILE" in os.environ:
    settings.load_profile(os.environ["HYPOTHESIS_PROFILE"])
