from django.http import Http404, HttpRequest, HttpResponse


def _later(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    raise Http404


workspace = _later
channel = _later
practice = _later
hide_steps = _later
