"""What every page shows: the organisation, the person, the same page in the other language."""

from django.http import HttpRequest
from django.utils.translation import get_language

from sondage.surveys.people import organisation_name


def page(request: HttpRequest) -> dict[str, object]:
    """Context of every template."""
    english = (get_language() or "").startswith("en")
    query = request.GET.copy()
    query["langue"] = "fr" if english else "en"
    passage = getattr(request, "garant", None)
    return {
        "organisation": organisation_name(passage.tenant) if passage and passage.tenant else "",
        "person": getattr(request, "user", None),
        "lang": "en-CA" if english else "fr-CA",
        "other_lang": "fr-CA" if english else "en-CA",
        "other_address": f"{request.path}?{query.urlencode()}",
    }
