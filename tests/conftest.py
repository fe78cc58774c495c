"""Settings of every test run."""

from hypothesis import settings

settings.register_profile("explorer", deadline=None)  # a busy machine is not a failure
settings.load_profile("explorer")
