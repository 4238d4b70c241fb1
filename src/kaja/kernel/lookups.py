"""Questions about many values at once."""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Field, ForeignKey, Lookup


class OneOf(Lookup):
    """`remote_id__one_of=[...]`: as `__in`, with one parameter for all of the values.

    A hundred of them are a statement of a hundred places with `__in`, another text for each number of them: to build,
    to take apart and to read it costs several times what it costs to answer it.
    """

    lookup_name = "one_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if not self.rhs:
            raise EmptyResultSet
        lhs, params = self.process_lhs(compiler, connection)
        field = self.lhs.output_field
        values = [field.get_db_prep_value(value, connection) for value in self.rhs]
        return f"{lhs} = ANY(%s)", (*params, values)


def register() -> None:
    """For every field."""
    Field.register_lookup(OneOf)
    ForeignKey.register_lookup(OneOf)  # which asks no further up than itself
