"""`POST /hooks/<network>`: verified over the raw body, kept, answered at once. `GET`: whether the address is ours.

How much may be sent is bounded before it is taken (`config/bodies/limits.py`). Who is not the network is counted,
within a limit for each caller, and nothing else of it is kept.
"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from kaja.hooks.actions import list_signers, refuse_hook, take_hook
from kaja.hooks.jobs import work_off_hooks
from kaja.kernel.jobs import defer_once
from kaja.kernel.limits import caller_of, count_seconds
from kaja.networks.kit.hooks import find_hooks
from kaja.networks.registry import CONNECTORS
from kaja.reach.actions import note_arrival


# No cookie is read here, and the signature is what a form's token would be.
@csrf_exempt
@require_http_methods(["GET", "POST"])
def receive(request: HttpRequest, network: str) -> HttpResponse:
    """One hook. The same answer for a new one and for one that is known: the network has done its part."""
    connector = CONNECTORS.get(network)
    hooks = find_hooks(connector)
    if connector is None or hooks is None:
        return HttpResponse(status=404, content_type="text/plain")
    apps = list_signers(connector)
    if request.method == "GET":
        answers = [hooks.handshake(request.GET.dict(), app) for app in apps]
        answer = next((each for each in answers if each is not None), None)
        return HttpResponse(answer or "", status=404 if answer is None else 200, content_type="text/plain")
    headers = {name.lower(): value for name, value in request.headers.items()}
    if not any(hooks.verify(headers, request.body, app) for app in apps):
        if wait := refuse_hook(network, caller_of(request)):
            return HttpResponse(
                status=429, content_type="text/plain", headers={"Retry-After": str(count_seconds(wait))}
            )
        return HttpResponse(status=401, content_type="text/plain")
    # First it is there for all to see: a job that waits already may begin in this moment.
    if take_hook(network, request.body):
        defer_once(work_off_hooks, "hooks.work_off")
    note_arrival(request, f"hook:{network}")
    return HttpResponse(status=200, content_type="text/plain")
