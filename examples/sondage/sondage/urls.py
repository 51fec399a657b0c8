"""The application's addresses. `/s/` is public, `/gestion/` is for authors, the rest is for members (`garant-routes.toml`)."""

from django.urls import path

from sondage.surveys.views import attachments, authors, errors, members, people, public

urlpatterns = [
    path("healthz", public.health, name="health"),
    path("s/<slug:code>/", public.participate, name="participate"),
    path("s/<slug:code>/merci/", public.thanks, name="thanks"),
    path("s/<slug:code>/pieces/<uuid:attachment>/", attachments.download_public, name="public-attachment"),
    path("", members.home, name="home"),
    path("sondages/<uuid:survey>/", members.results, name="results"),
    path("sondages/<uuid:survey>/apercu/", members.preview, name="preview"),
    path("sondages/<uuid:survey>/reponses.csv", members.export, name="export"),
    path("sondages/<uuid:survey>/pieces/<uuid:attachment>/", attachments.download, name="attachment"),
    path("coordonnees/", people.contact, name="contact"),
    path("gestion/personnes/", people.find, name="find"),
    path("gestion/nouveau/", authors.create, name="create"),
    path("gestion/<uuid:survey>/", authors.edit, name="edit"),
    path("gestion/<uuid:survey>/titre/", authors.rename, name="rename"),
    path("gestion/<uuid:survey>/questions/ajouter/", authors.add_question, name="add-question"),
    path("gestion/<uuid:survey>/questions/<uuid:question>/", authors.edit_question, name="edit-question"),
    path("gestion/<uuid:survey>/questions/<uuid:question>/deplacer/", authors.move_question, name="move-question"),
    path("gestion/<uuid:survey>/questions/<uuid:question>/supprimer/", authors.delete_question, name="delete-question"),
    path("gestion/<uuid:survey>/publier/", authors.publish, name="publish"),
    path("gestion/<uuid:survey>/fermer/", authors.close, name="close"),
    path("gestion/<uuid:survey>/supprimer/", authors.delete, name="delete"),
    path("gestion/<uuid:survey>/pieces/", attachments.upload, name="upload"),
    path("gestion/<uuid:survey>/pieces/<uuid:attachment>/supprimer/", attachments.delete, name="delete-attachment"),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.broken
