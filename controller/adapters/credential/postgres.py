"""Logins of a PostgreSQL server, with psycopg.

The owner role cannot log in; its logins become it as soon as they are connected, so what either of
them makes belongs to the owner and survives both. Passwords are sent as SCRAM verifiers: no log of
the server can hold them.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from controller.diagnostics.errors import Stalled, Transient, TrueupError
from controller.diagnostics.secret import SecretText
from controller.model.delivery import DatabaseAddress

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 5
TERMINATE_MILLISECONDS = 5000
LONGEST_NAME = 63
"""Bytes; PostgreSQL cuts a longer one off without an error."""

REFUSED = ("password authentication failed", "is not permitted to log in", "no password supplied")
"""What a server says to a login that is dead or wrong; libpq gives no code for it."""


class PostgresCredentialIssuer:
    """Implements `ports.credential.CredentialIssuer`."""

    async def set_password(
        self, database: DatabaseAddress, role: str, login: str, password: SecretText
    ) -> None:
        """Make both roles if needed, with their rights, and set the password; one transaction."""
        from psycopg.sql import SQL, Identifier, Literal

        for name in (role, login):
            _check_name(name)
        async with _administrator(database) as connection:
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext('trueup'), hashtext(%s))", (role,)
            )
            for name in (role, login):
                if not await _is_ordinary(connection, name):
                    await connection.execute(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(name)))
            verifier = connection.pgconn.encrypt_password(
                password.reveal().encode(), login.encode(), b"scram-sha-256"
            )
            names = {"role": Identifier(role), "login": Identifier(login)}
            names["database"] = Identifier(connection.info.dbname)
            for statement in (
                "GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO {role}",
                "GRANT USAGE, CREATE ON SCHEMA public TO {role}",
                "GRANT {role} TO {login}",
            ):
                await connection.execute(SQL(statement).format(**names))
            await connection.execute(
                SQL("ALTER ROLE {login} SET role = {owner}").format(owner=Literal(role), **names)
            )
            await connection.execute(
                SQL("ALTER ROLE {login} LOGIN PASSWORD {verifier} VALID UNTIL 'infinity'").format(
                    verifier=Literal(verifier.decode()), **names
                )
            )

    async def can_log_in(self, database: DatabaseAddress, login: str, password: SecretText) -> bool:
        """Log in over the consumers' address and run a query; False when it is refused."""
        import psycopg

        try:
            connection = await psycopg.AsyncConnection.connect(
                database.url,
                user=login,
                password=password.reveal(),
                connect_timeout=CONNECT_SECONDS,
                application_name="trueup-verify",
            )
            async with connection:
                await connection.execute("SELECT 1")
        except psycopg.Error as error:
            if any(words in str(error) for words in REFUSED):
                return False
            raise _translated(error, "logging in") from None
        return True

    async def disable(self, database: DatabaseAddress, login: str) -> None:
        """Take the login's right and password, and then close its sessions."""
        from psycopg.sql import SQL, Identifier

        _check_name(login)
        async with _administrator(database) as connection:
            if not await _is_ordinary(connection, login):
                return
            await connection.execute(
                SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(Identifier(login))
            )
            await connection.commit()
            ended = await connection.execute(
                "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE usename = %s",
                (TERMINATE_MILLISECONDS, login),
            )
            if not all([row[0] async for row in ended]):
                raise Transient.because(f"a session of the login `{login}` does not end")


@asynccontextmanager
async def _administrator(
    database: DatabaseAddress,
) -> AsyncIterator["psycopg.AsyncConnection[tuple[Any, ...]]"]:
    """Connect as administrator to the consumers' database; commits at the end."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        name = conninfo_to_dict(database.url).get("dbname")
        address = make_conninfo(
            database.admin.reveal(),
            connect_timeout=CONNECT_SECONDS,
            application_name="trueup",
            **({"dbname": name} if name else {}),
        )
    except psycopg.Error:  # its text repeats the address, which may hold a password
        raise Stalled.because(
            "the address of the database, or of its administrator, cannot be read",
            hint="expected `postgresql://host:port/database`, or libpq's `host=… dbname=…`",
            code="secrets/address-not-readable",
        ) from None
    try:
        async with await psycopg.AsyncConnection.connect(address) as connection:
            yield connection
    except psycopg.Error as error:
        raise _translated(error, "asking the administrator") from None


async def _is_ordinary(connection: "psycopg.AsyncConnection[tuple[Any, ...]]", name: str) -> bool:
    """Tell whether the role exists; raises Stalled when it is too mighty to be ours."""
    found = await connection.execute(
        "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
        " OR rolname = current_user FROM pg_roles WHERE rolname = %s",
        (name,),
    )
    row = await found.fetchone()
    if row is not None and row[0]:
        raise Stalled.because(
            f"the role `{name}` has rights over the whole server: it is not for a consumer",
            hint="name another role",
            code="secrets/role-too-mighty",
        )
    return row is not None


def _check_name(name: str) -> None:
    if not 1 <= len(name.encode()) <= LONGEST_NAME or "\0" in name or name.startswith("pg_"):
        raise Stalled.because(
            f"{name!r} cannot be the name of a role",
            hint=f"use up to {LONGEST_NAME} bytes that do not begin with `pg_`",
            code="secrets/role-not-allowed",
        )


def _translated(error: "psycopg.Error", doing: str) -> TrueupError:
    """The server's primary message only: its detail could repeat what was sent."""
    import psycopg

    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return Stalled.because(
            f"{doing}: {error.diag.message_primary}",
            hint="the administrator must be able to make roles and to end their sessions",
            code="secrets/denied",
        )
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        said = str(error)
        if any(words in said for words in (*REFUSED, "no pg_hba.conf entry")):
            return Stalled.because(f"{doing}: the server refuses: {_short(said)}")
        return Transient.because(f"{doing}: {_short(said)}")
    return Stalled.because(f"{doing}: {error.diag.message_primary or type(error).__name__}")


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
