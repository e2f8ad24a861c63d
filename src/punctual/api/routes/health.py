"""Health, for whatever starts and watches processes; open to all."""

import logging
from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, Response

from punctual.api.deps import ServicesDep
from punctual.api.schemas_system import LivenessOut, ReadinessOut
from punctual.control.system import Check

_log = logging.getLogger(__name__)

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
    readiness = ReadinessOut.of([_for_strangers(check) for check in services.system.readiness()])
    if not readiness.ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return readiness


def _for_strangers(check: Check) -> Check:
    if check.name != "database" or check.ok:
        return check
    # The driver's words may name hosts and users.
    _log.warning("%s", check.message, extra={"action": "database_unavailable"})
    return replace(check, message="The database does not answer; the server's log says why.")
