from django.http import Http404, HttpRequest, HttpResponse


def _later(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    raise Http404


index = _later
page = _later
check = _later
disconnect = _later
