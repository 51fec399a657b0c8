"""What an administrator may do to people, themselves included. Pure (EHQ-23, EHQ-45).

- An organisation keeps at least one active administrator: nobody can lock everyone out.
- Whoever would take their own rights away is asked to confirm.
"""

from collections.abc import Collection

from garant.kernel.errors import Refused

ADMIN = "admin"
"""The role that manages people, addresses and settings; identity knows it by the same name."""


class LastAdministrator(Refused):
    """An organisation needs at least one active administrator. Name another one first."""


class Confirm(Refused):
    """This would take your own access away. Confirm, if it is what you want."""


def guard(*, target: str, actor: str, keeps_admin: bool, admins: Collection[str], confirmed: bool) -> None:
    """Raise LastAdministrator or Confirm. `admins`: ids of the active administrators now; `keeps_admin`: whether the target stays one."""
    if keeps_admin or target not in admins:
        return
    if set(admins) == {target}:
        raise LastAdministrator()
    if target == actor and not confirmed:
        raise Confirm()
