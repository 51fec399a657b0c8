"""What every page knows: whose host it is, its language, and itself in the other language."""

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from garant.identity.queries import TenantFacts
from garant.web import i18n


@dataclass(frozen=True)
class OtherLanguage:
    """A link to the same page. `name` is written in that language; `code` goes to `lang` and `hreflang`."""

    code: str
    name: str
    href: str


class Page:
    """The `page` of the templates. The person is looked up only when a template asks: public pages touch no session."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.tenant: TenantFacts | None = getattr(request, "tenant", None)
        self.operator_name: str = settings.GARANT.operator
        self.application: str = settings.GARANT.application.name

    @cached_property
    def short(self) -> str:
        """`fr` or `en`."""
        return i18n.segment(get_language())

    @cached_property
    def lang(self) -> str:
        """For the `lang` attribute: `fr-CA`, `fr-FR` or `en-CA`."""
        code = get_language() or settings.LANGUAGE_CODE
        return f"{code[:2]}-{code[3:].upper()}"

    @cached_property
    def other(self) -> OtherLanguage:
        """This very page in the other language, query included."""
        short = "fr" if self.short == "en" else "en"
        href = i18n.in_language(self._request.path, short)
        query = self._request.META.get("QUERY_STRING", "")
        if href == self._request.path:
            href, query = self.home(short), ""
        return OtherLanguage(short, {"fr": "Français", "en": "English"}[short], f"{href}?{query}" if query else href)

    def home(self, short: str | None = None) -> str:
        """Where the name at the top left leads."""
        short = short or self.short
        return f"/{short}/" if self.is_operator else f"/.garant/{short}/"

    @property
    def is_operator(self) -> bool:
        return self.tenant is not None and self.tenant.operator

    @property
    def house(self) -> str:
        """The name at the end of each title: the tenant's, or the operator's on its own host."""
        if self.tenant is None or self.tenant.operator:
            return self.operator_name
        return self.tenant.name

    @property
    def reserved(self) -> str:
        """`/.garant/fr/` or `/.garant/en/`."""
        return f"/.garant/{self.short}/"

    @property
    def trust_url(self) -> str:
        """The public trust page, on the operator's host."""
        port = "" if settings.HTTPS_PORT == 443 else f":{settings.HTTPS_PORT}"
        return f"https://{settings.BASE_HOST}{port}/{self.short}/"

    @cached_property
    def person(self) -> str:
        """Name of who is signed in, or the empty string."""
        user = getattr(self._request, "user", None)
        return str(user) if user is not None and user.is_authenticated else ""

    @cached_property
    def is_administrator(self) -> bool:
        decision = getattr(self._request, "decision", None)
        return bool(decision is not None and decision.allowed and "admin" in decision.roles)


def page(request: HttpRequest) -> dict[str, Page]:
    """The context processor."""
    return {"page": Page(request)}
