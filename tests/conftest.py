"""What every test shares: Hypothesis runs the same examples everywhere and is never timed."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "microflight",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("microflight")
