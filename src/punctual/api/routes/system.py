"""The system: which nodes and workers run."""

from importlib.metadata import version

from fastapi import APIRouter

from punctual.api.deps import ServicesDep
from punctual.api.schemas_system import NodeOut, SystemOut
from punctual.api.schemas_workers import WorkerOut
from punctual.domain.triggers.zone import TZDATA_VERSION

router = APIRouter(prefix="/system", tags=["system"])


@router.get("", summary="Show what runs")
def get_system(services: ServicesDep) -> SystemOut:
    """Return the versions of this server and of its time zones, what is kept, the nodes and the workers."""
    keep = services.settings.keep_runs
    return SystemOut(
        version=version("punctual"),
        tzdata_version=TZDATA_VERSION,
        keep_runs_for=None if keep.age is None else keep.age.total_seconds(),
        keep_runs_per_schedule=keep.per_schedule,
        nodes=[NodeOut.of(view) for view in services.system.nodes()],
        workers=[WorkerOut.of(view) for view in services.system.workers()],
    )
