"""Every transaction of an engine says in whose name it is.

    tell_contexts(engine, read_key(Path("/var/lib/garant/secrets/context-surveys")))
    with acting_as("saint-elan", actor=str(user)), Session(engine) as session, session.begin():
        ...

1. The context comes in the round trip of BEGIN (psycopg 3, synchronous engines). A transaction that begins outside `acting_as` carries
   none: row policies then show it no row.
2. `key=None`: unsigned settings `app.tenant`, `app.actor`, `app.purpose`, for an application whose SQL cannot be injected.
3. One organisation at a time; an engine in AUTOCOMMIT has no transactions, and is told nothing.
"""

from datetime import timedelta

from sqlalchemy import Connection, Engine, event

from garant.kernel.clock import SystemClock
from garant.sdk.acting import Acting, ContextMismatch, acting, acting_as, current_tenant
from garant.sdk.context import begin, plain_settings, read_key, sign, signed_settings

__all__ = ["Acting", "ContextMismatch", "acting", "acting_as", "current_tenant", "read_key", "tell_contexts"]

LIFE = timedelta(minutes=15)
"""Of a signed context, counted from the beginning of its transaction, which the database lets read and write no longer than that."""


def tell_contexts(engine: Engine, key: bytes | None) -> None:
    """From now on, for every transaction of this engine. Raises EngineError, at the beginning of one, when the server refuses."""

    def tell(connection: Connection) -> None:
        said, driver = acting(), connection.connection.driver_connection
        if said is None or driver is None or driver.autocommit:
            return
        begin(driver, _settings(said, key))

    event.listen(engine, "begin", tell)


def _settings(said: Acting, key: bytes | None) -> dict[str, str]:
    if key is None:
        return plain_settings(tenant=said.tenant, actor=said.actor, purpose=said.purpose)
    expires = SystemClock().now() + LIFE
    return signed_settings(sign(key, tenant=said.tenant, actor=said.actor, purpose=said.purpose, expires=expires))
