from django.http import Http404, HttpRequest, HttpResponse


def _later(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    raise Http404


index = _later
invite = _later
role = _later
remove = _later
revoke = _later
