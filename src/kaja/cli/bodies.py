"""What a command was given, as the API takes it: one form, one set of limits and words for what does not fit."""

from typing import TYPE_CHECKING, Any, TypeVar

from kaja.cli.failures import BadSetting

if TYPE_CHECKING:
    from pydantic import BaseModel

B = TypeVar("B", bound="BaseModel")


def fill_body(model: type[B], **given: Any) -> B:
    """Raises BadSetting, which names what is wrong."""
    from pydantic import ValidationError

    try:
        return model(**given)
    except ValidationError as error:
        found = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise BadSetting("; ".join(found)) from None
