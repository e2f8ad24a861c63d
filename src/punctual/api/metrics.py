"""`/metrics`, for Prometheus: by a bearer token, or open to all where the settings say so."""

from collections.abc import Callable

from fastapi import Request, Response

from punctual.api.deps import Services, require_token
from punctual.api.errors import refusal_response, unexpected_response
from punctual.domain.errors import PunctualError


def metrics_endpoint(services: Services) -> Callable[[Request], Response]:
    """Return what answers a request for the metrics; Starlette calls it in a thread."""

    def answer(request: Request) -> Response:
        try:
            if not services.settings.metrics_public:
                require_token(request, services)
            text, media_type = services.metrics.answer(request.headers.get("accept", ""))
        except PunctualError as error:
            return refusal_response(error, method=request.method, path=request.url.path)
        except Exception as error:  # noqa: BLE001 - its cause is for the log alone
            return unexpected_response(error, method=request.method, path=request.url.path)
        headers = {"Content-Type": media_type, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Response(text, headers=headers)

    return answer
