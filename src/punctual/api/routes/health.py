"""Health, for whatever starts and watches processes; open to all."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from punctual.api.deps import ServicesDep
from punctual.api.schemas_system import LivenessOut, ReadinessOut

router = APIRouter(prefix="/health", tags=["system"])


@router.get("/live", summary="Tell whether the process answers")
def get_liveness() -> LivenessOut:
    """Answer without looking at anything else."""
    return LivenessOut()


@router.get(
    "/ready",
    summary="Tell whether due runs can be sent and run",
    responses={int(HTTPStatus.SERVICE_UNAVAILABLE): {"model": ReadinessOut, "description": "Something is missing"}},
)
def get_readiness(response: Response, services: ServicesDep) -> ReadinessOut:
    """Check the database, the scheduler, the broker and the workers."""
    readiness = ReadinessOut.of(services.system.readiness())
    if not readiness.ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return readiness
