"""Why a question was answered as it was: the vocabulary of decisions."""

from enum import StrEnum

from garant.kernel.text import Text


class Reason(StrEnum):
    """One word for logs and headers; `text` is the sentence for people."""

    GRANTED = "granted"
    NO_SESSION = "no_session"
    OTHER_TENANT = "other_tenant"
    IDLE = "idle"
    EXPIRED = "expired"
    MOVED = "moved"
    INACTIVE = "inactive"
    FACTOR_MISSING = "factor_missing"
    SUSPENDED = "suspended"
    ADDRESS = "address"
    NO_ROLE = "no_role"
    ROLE_MISSING = "role_missing"

    @property
    def void(self) -> bool:
        """The session counts for nothing: the answer is "log in" (401), not "you may not" (403)."""
        return self in VOID

    @property
    def text(self) -> Text:
        return TEXTS[self]


VOID = frozenset(
    {
        Reason.NO_SESSION,
        Reason.OTHER_TENANT,
        Reason.IDLE,
        Reason.EXPIRED,
        Reason.MOVED,
        Reason.INACTIVE,
        Reason.FACTOR_MISSING,
    }
)

TEXTS = {
    Reason.GRANTED: Text("L’accès est accordé.", "Access is granted."),
    Reason.NO_SESSION: Text("Vous n’êtes pas connecté.", "You are not signed in."),
    Reason.OTHER_TENANT: Text("Cette session appartient à une autre organisation.", "This session belongs to another organisation."),
    Reason.IDLE: Text("Votre session a pris fin faute d’activité.", "Your session ended because it was not used."),
    Reason.EXPIRED: Text("Votre session a atteint sa durée maximale.", "Your session reached its longest duration."),
    Reason.MOVED: Text(
        "Cette session a été ouverte depuis un autre réseau; connectez-vous de nouveau.",
        "This session was opened from another network; sign in again.",
    ),
    Reason.INACTIVE: Text("Ce compte est désactivé.", "This account is deactivated."),
    Reason.FACTOR_MISSING: Text(
        "Votre organisation exige une authentification à deux facteurs; connectez-vous de nouveau pour l’activer.",
        "Your organisation requires two-step authentication; sign in again to set it up.",
    ),
    Reason.SUSPENDED: Text(
        "Le service de cette organisation est suspendu. Adressez-vous à votre administrateur.",
        "This organisation’s service is suspended. Ask your administrator.",
    ),
    Reason.ADDRESS: Text(
        "Cette organisation n’est accessible que depuis les adresses qu’elle a autorisées; la vôtre n’en fait pas partie.",
        "This organisation can be reached only from the addresses that it authorised; yours is not one of them.",
    ),
    Reason.NO_ROLE: Text(
        "Aucun rôle ne vous a été donné. Demandez-en un à un administrateur de votre organisation.",
        "You have been given no role. Ask an administrator of your organisation for one.",
    ),
    Reason.ROLE_MISSING: Text(
        "Votre rôle ne donne pas accès à cette page. Demandez-le à un administrateur de votre organisation.",
        "Your role does not give access to this page. Ask an administrator of your organisation.",
    ),
}
