from django.http import Http404, HttpRequest, HttpResponse


def _later(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    raise Http404


choose = _later
connect = _later
callback = _later
reconnect = _later
