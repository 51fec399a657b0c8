"""A person's own contact details, and the page on which an author finds a person by a whole address."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from sondage.surveys.forms import ContactForm
from sondage.surveys.models import Person
from sondage.surveys.views.authors import author, read_or_post
from sondage.surveys.views.members import done


@read_or_post
def contact(request: HttpRequest) -> HttpResponse:
    """One's own e-mail address; an empty one takes it away."""
    form = ContactForm(request.POST if request.method == "POST" else None, initial={"email": request.user.email or ""})
    if form.is_valid():
        request.user.email = form.cleaned_data["email"] or None
        request.user.save(update_fields=["email", "email_index"])
        return redirect(f"{reverse('contact')}?fait=saved")
    return render(request, "surveys/contact.html", {"form": form, "done": done(request)}, status=422 if form.is_bound else 200)


@author
@read_or_post
def find(request: HttpRequest) -> HttpResponse:
    """People of the organisation who gave this very address. Sent in a body: what is in an address line is kept in journals."""
    form = ContactForm(request.POST if request.method == "POST" else None)
    asked = form.cleaned_data["email"] if form.is_valid() else ""
    found = list(Person.objects.of(request.garant.tenant).filter(email_index=asked)) if asked else []
    return render(request, "surveys/find.html", {"form": form, "asked": asked, "found": found})
