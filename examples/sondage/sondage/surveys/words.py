"""The words of the interface, in both languages. `say("key")` gives those of the page's language.

What authors write (titles, questions) is content, not interface: it is shown as they wrote it, marked with its own language.
"""

from django.utils.functional import lazy
from django.utils.translation import get_language

NBSP = "\N{NO-BREAK SPACE}"

WORDS: dict[str, tuple[str, str]] = {
    "application": ("Sondage", "Sondage"),
    "skip": ("Aller au contenu", "Skip to content"),
    "other_language": ("English", "Français"),
    "sign_out": ("Se déconnecter", "Sign out"),
    "my_account": ("Mon compte", "My account"),
    "error_prefix": ("Erreur : ", "Error: "),
    "footer": ("Sondage est une application d'exemple, protégée par Garant.", "Sondage is an example application, protected by Garant."),
    "contact": ("Mes coordonnées", "My contact details"),
    "contact_intro": (
        "Pour que les auteurs de sondages de votre organisation puissent vous joindre. Laissez vide pour retirer votre adresse.",
        "So that the survey authors of your organisation can reach you. Leave empty to take your address away.",
    ),
    "email": ("Adresse de courriel", "E-mail address"),
    "email_help": (
        "Scellée : la base de données ne peut pas la lire, et on ne vous retrouve que par l'adresse entière.",
        "Sealed: the database cannot read it, and you are found by the whole address only.",
    ),
    "find_person": ("Trouver une personne", "Find a person"),
    "find_intro": ("Écrivez l'adresse entière que la personne a donnée.", "Write the whole address that the person gave."),
    "find": ("Chercher", "Find"),
    "found_nobody": ("Personne n'a donné cette adresse.", "Nobody gave this address."),
    "roles": ("Rôles :", "Roles:"),
    "name": ("Nom", "Name"),
    "home": ("Sondages", "Surveys"),
    "home_intro": ("Vos consultations, de l'ébauche aux résultats.", "Your consultations, from draft to results."),
    "new_survey": ("Nouveau sondage", "New survey"),
    "no_survey": ("Aucun sondage pour le moment.", "No survey yet."),
    "no_survey_author": ("Commencez par en rédiger un.", "Start by writing one."),
    "open_many": ("Ouverts", "Open"),
    "draft_many": ("Ébauches", "Drafts"),
    "closed_many": ("Terminés", "Closed"),
    "status_open": ("Ouvert", "Open"),
    "status_draft": ("Ébauche", "Draft"),
    "status_closed": ("Terminé", "Closed"),
    "survey": ("Sondage", "Survey"),
    "since": ("Depuis", "Since"),
    "created": ("Créé", "Created"),
    "closed_on": ("Terminé le", "Closed on"),
    "responses": ("Réponses", "Responses"),
    "response_one": ("réponse", "response"),
    "response_many": ("réponses", "responses"),
    "actions": ("Actions", "Actions"),
    "see_results": ("Résultats", "Results"),
    "prepare": ("Préparer", "Prepare"),
    "manage": ("Gérer", "Manage"),
    "preview": ("Aperçu", "Preview"),
    "public_page": ("Page publique", "Public page"),
    "public_address": ("Adresse de participation", "Participation address"),
    "breadcrumb": ("Fil d'Ariane", "Breadcrumb"),
    "title": ("Titre", "Title"),
    "title_help": ("Ce que les gens lisent en premier. 160 caractères au plus.", "What people read first. 160 characters at most."),
    "introduction": ("Présentation", "Introduction"),
    "introduction_help": (
        "Pourquoi cette consultation, et ce que deviendront les réponses. Une ligne vide commence un paragraphe.",
        "Why this consultation, and what becomes of the answers. An empty line starts a paragraph.",
    ),
    "survey_language": ("Langue du sondage", "Language of the survey"),
    "language_fr": ("Français", "French"),
    "language_en": ("Anglais", "English"),
    "create": ("Créer l'ébauche", "Create the draft"),
    "save": ("Enregistrer", "Save"),
    "cancel": ("Annuler", "Cancel"),
    "change_title": ("Modifier le titre et la présentation", "Change title and introduction"),
    "questions": ("Questions", "Questions"),
    "no_question": ("Aucune question. Ajoutez-en une avant de publier.", "No question. Add one before you publish."),
    "add_question": ("Ajouter une question", "Add a question"),
    "edit_question": ("Modifier la question", "Edit the question"),
    "question": ("Question", "Question"),
    "question_label": ("Énoncé", "Wording"),
    "kind": ("Type de réponse", "Kind of answer"),
    "kind_text": ("Texte libre", "Free text"),
    "kind_single": ("Un seul choix", "Single choice"),
    "kind_multiple": ("Plusieurs choix", "Multiple choice"),
    "kind_scale": ("Échelle", "Scale"),
    "required": ("Réponse obligatoire", "Answer required"),
    "required_mark": ("obligatoire", "required"),
    "choices": ("Choix", "Choices"),
    "choices_help": (
        "Un par ligne, de 2 à 20. Pour les questions à choix seulement.",
        "One a line, from 2 to 20. For questions with choices only.",
    ),
    "top": ("Échelle de 1 à", "Scale from 1 to"),
    "top_help": ("De 3 à 10. Pour une échelle seulement.", "From 3 to 10. For a scale only."),
    "low_word": ("Ce que veut dire 1", "What 1 means"),
    "high_word": ("Ce que veut dire le plus haut", "What the highest means"),
    "move_up": ("Monter", "Move up"),
    "move_down": ("Descendre", "Move down"),
    "edit": ("Modifier", "Edit"),
    "delete": ("Supprimer", "Delete"),
    "frozen": (
        "Des réponses sont arrivées : les questions ne changent plus, pour que toutes se comparent.",
        "Responses have arrived: the questions no longer change, so that all of them compare.",
    ),
    "publish": ("Publier", "Publish"),
    "publish_intro": (
        "Une fois publié, le sondage est ouvert à qui connaît son adresse, sans connexion. Les réponses sont anonymes.",
        "Once published, the survey is open to whoever knows its address, without signing in. Answers are anonymous.",
    ),
    "reopen": ("Rouvrir", "Reopen"),
    "close": ("Terminer", "Close"),
    "close_intro": ("Plus personne ne pourra répondre. Les résultats restent.", "Nobody will be able to answer any more. Results remain."),
    "delete_survey": ("Supprimer ce sondage", "Delete this survey"),
    "delete_warning": (
        "Le sondage, ses {count} et ses documents seront détruits. C'est définitif.",
        "The survey, its {count} and its documents will be destroyed. This cannot be undone.",
    ),
    "delete_confirm": ("Pour confirmer, écrivez le code du sondage : {code}", "To confirm, type the code of the survey: {code}"),
    "delete_mismatch": ("Ce n'est pas le code du sondage. Écrivez {code}.", "This is not the code of the survey. Type {code}."),
    "delete_now": ("Supprimer définitivement", "Delete for good"),
    "documents": ("Documents", "Documents"),
    "documents_help": (
        "Joints au sondage et offerts aux participants. 20 Mo au plus chacun.",
        "Attached to the survey and offered to participants. 20 MB each at most.",
    ),
    "no_document": ("Aucun document.", "No document."),
    "document": ("Document", "Document"),
    "size": ("Taille", "Size"),
    "added": ("Ajouté", "Added"),
    "file": ("Fichier à joindre", "File to attach"),
    "attach": ("Joindre", "Attach"),
    "file_missing": ("Choisissez un fichier.", "Choose a file."),
    "file_empty": ("Ce fichier est vide.", "This file is empty."),
    "file_too_large": (
        "Ce fichier dépasse 20 Mo. Réduisez-le ou partagez-le autrement.",
        "This file is over 20 MB. Make it smaller or share it otherwise.",
    ),
    "download": ("Télécharger", "Download"),
    "csv": ("Exporter les réponses (CSV)", "Export responses (CSV)"),
    "csv_at": ("Moment", "Moment"),
    "csv_language": ("Langue", "Language"),
    "results": ("Résultats", "Results"),
    "no_response": ("Aucune réponse pour le moment.", "No response yet."),
    "by_day": ("Réponses par jour", "Responses by day"),
    "by_day_text": (
        "{count} du {first} au {last}; au plus {most} en un jour.",
        "{count} from {first} to {last}; at most {most} in one day.",
    ),
    "answered": ("{n} sur {total} ont répondu", "{n} of {total} answered"),
    "several": ("le total peut dépasser 100 %", "the total may exceed 100%"),
    "choice": ("Choix", "Choice"),
    "share": ("Part", "Share"),
    "count": ("Nombre", "Count"),
    "step": ("Échelon", "Step"),
    "mean": ("Moyenne", "Mean"),
    "out_of": ("sur", "out of"),
    "table": ("Voir le tableau", "See the table"),
    "histogram": ("Répartition des réponses sur l'échelle", "Distribution of answers on the scale"),
    "last_texts": ("Les {n} plus récentes", "The latest {n}"),
    "send": ("Envoyer mes réponses", "Send my answers"),
    "anonymous": (
        "Vos réponses sont anonymes : ni nom, ni adresse, ni témoin ne les accompagne.",
        "Your answers are anonymous: no name, address or cookie goes with them.",
    ),
    "form_errors": ("Il manque quelque chose", "Something is missing"),
    "answer_missing": ("Répondez à cette question.", "Answer this question."),
    "answer_unknown": ("Choisissez une des réponses proposées.", "Choose one of the answers offered."),
    "answer_too_long": ("Écrivez 4000 caractères au plus.", "Write 4000 characters at most."),
    "thanks": ("Merci.", "Thank you."),
    "thanks_text": ("Vos réponses sont enregistrées.", "Your answers are recorded."),
    "is_closed": ("Ce sondage est terminé", "This survey is closed"),
    "is_closed_text": ("Il n'est plus possible d'y répondre.", "It can no longer be answered."),
    "preview_notice": ("Aperçu : rien n'est enregistré.", "Preview: nothing is recorded."),
    "field_required": ("Remplissez ce champ.", "Fill in this field."),
    "field_email": ("Écrivez une adresse entière, comme nom@exemple.org.", "Write a whole address, such as name@example.org."),
    "field_long": ("C'est trop long.", "This is too long."),
    "field_choice": ("Choisissez une des valeurs proposées.", "Choose one of the values offered."),
    "choices_count": ("Écrivez de 2 à 20 choix, un par ligne.", "Write 2 to 20 choices, one a line."),
    "choices_twice": ("Le même choix est écrit deux fois.", "The same choice is written twice."),
    "choices_long": ("Un choix compte 160 caractères au plus.", "A choice has 160 characters at most."),
    "top_range": ("Donnez un nombre de 3 à 10.", "Give a number from 3 to 10."),
    "done_created": ("Ébauche créée. Ajoutez maintenant des questions.", "Draft created. Now add questions."),
    "done_saved": ("Enregistré.", "Saved."),
    "done_published": ("Le sondage est ouvert.", "The survey is open."),
    "done_closed": ("Le sondage est terminé.", "The survey is closed."),
    "done_deleted": ("Le sondage et ses réponses sont détruits.", "The survey and its responses are destroyed."),
    "done_attached": ("Document joint.", "Document attached."),
    "done_detached": ("Document supprimé.", "Document deleted."),
    "not_found": ("Page introuvable", "Page not found"),
    "not_found_text": (
        "Rien ne se trouve à cette adresse. Vérifiez le lien reçu.",
        "Nothing is at this address. Check the link you received.",
    ),
    "forbidden": ("Accès refusé", "Access refused"),
    "forbidden_text": (
        "Cette page est réservée aux auteurs de sondages. Demandez ce rôle à l'administration de votre organisation.",
        "This page is for survey authors. Ask your organisation's administrator for that role.",
    ),
    "forgery": ("Formulaire expiré", "Form expired"),
    "forgery_text": (
        "Revenez à la page précédente, rechargez-la et recommencez.",
        "Go back to the previous page, reload it and try again.",
    ),
    "bad_request": ("Demande incomprise", "Request not understood"),
    "bad_request_text": ("Revenez à la page précédente et recommencez.", "Go back to the previous page and try again."),
    "too_large": ("Envoi trop volumineux", "Too large"),
    "too_late": ("Cela n'est plus possible : l'état du sondage a changé.", "This is no longer possible: the survey has changed state."),
}


def say(key: str, **values: object) -> str:
    """The words of `key` in the page's language, with `values` filled in. Raises KeyError for a key that does not exist."""
    french, english = WORDS[key]
    words = english if (get_language() or "").startswith("en") else french.replace(" :", f"{NBSP}:").replace(" %", f"{NBSP}%")
    words = words.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    return words.format(**values) if values else words


say_later = lazy(say, str)
"""For texts written at import, such as the messages of a form."""


def how_many(number: int) -> str:
    """`184 réponses`; French counts none and one in the singular."""
    english = (get_language() or "").startswith("en")
    one = number == 1 or (number == 0 and not english)
    return f"{grouped(number)}{NBSP}{say('response_one' if one else 'response_many')}"


def grouped(number: int) -> str:
    """`1 204` or `1,204`."""
    text = f"{number:,}"
    return text if (get_language() or "").startswith("en") else text.replace(",", NBSP)


def decimal(number: float) -> str:
    """One decimal: `3,8` or `3.8`."""
    text = f"{number:.1f}"
    return text if (get_language() or "").startswith("en") else text.replace(".", ",")


def percent(part: int, whole: int) -> str:
    """`42 %` or `42%`, rounded; `0 %` of nothing."""
    value = round(100 * part / whole) if whole else 0
    return f"{value}%" if (get_language() or "").startswith("en") else f"{value}{NBSP}%"
