"""Property tests say nothing of how quick the machine is: no example has a deadline, and slow making of examples is no
failure. Loaded before the tests, whose own settings still count."""

from hypothesis import HealthCheck, settings

settings.register_profile("kaja", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kaja")
