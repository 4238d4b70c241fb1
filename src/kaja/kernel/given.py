"""What a person or a script gives, checked against what it should be."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from kaja.kernel.problems import Problem, Refused

B = TypeVar("B", bound=BaseModel)


def parse_given(model: type[B], given: Mapping[str, Any], explain: Callable[[str], Problem]) -> B:
    """As a model. Raises Refused with what `explain` says of the first field that is wrong; `Problem.at` will do."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        place = error.errors()[0]["loc"]
        raise Refused(explain(str(place[0]) if place else "")) from error
