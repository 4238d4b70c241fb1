from django.http import Http404, HttpRequest, HttpResponse


def _later(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    raise Http404


workspace = _later
pause = _later
resume = _later
audit = _later
