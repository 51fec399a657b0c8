"""The module that Django looks for in an engine."""

from django.db.backends.postgresql import base

from garant_django import context


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL through psycopg 3. A transaction begins with its context, in one round trip."""

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if autocommit:
            return
        try:
            context.tell(self.connection)
        except BaseException:
            self.close()  # or Django would think that this connection commits each statement, which it no longer does
            raise
