"""Property tests run as long as a busy machine makes them."""

from hypothesis import settings

settings.register_profile("pointsman", deadline=None)
settings.load_profile("pointsman")
