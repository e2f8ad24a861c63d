"""The fixtures of all tests: private servers, and a database per test."""

import os
import zoneinfo

from hypothesis import settings

# Oracles that read zones by themselves read the same release of them as Punctual does.
zoneinfo.reset_tzpath(to=())

# Where a change is judged, the same examples each time; elsewhere new ones each time, to find what nobody thought of.
settings.register_profile("judged", derandomize=True)
if os.environ.get("PUNCTUAL_REQUIRE_SERVICES") == "1":
    settings.load_profile("judged")

pytest_plugins = [
    "servers.postgres",
    "servers.redis",
    "servers.rabbitmq",
    "servers.databases",
    "servers.database_faults",
]
