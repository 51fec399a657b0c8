"""The content of the demonstration. Organisations and people are invented."""

ORGANISATIONS = {"saint-elan": "Ville de Saint-Élan", "trois-rapides": "MRC des Trois-Rapides"}

SURVEYS: list[dict] = [
    {
        "tenant": "saint-elan",
        "code": "parc-riverain",
        "title": "Quel parc voulez-vous au bord de la rivière?",
        "introduction": "La Ville réaménage le parc riverain au printemps. Avant de dessiner, elle veut savoir ce que vous y faites et "
        "ce qui vous y manque.\n\nDeux minutes suffisent. Le conseil municipal recevra le portrait des réponses en janvier.",
        "language": "fr",
        "status": "open",
        "responses": 184,
        "texts": [
            "Un sentier éclairé jusqu’au pont, s’il vous plaît.",
            "Garder les grands saules, même s’ils penchent.",
            "Des tables à l’ombre, et une fontaine qui marche.",
            "Moins de stationnement, plus d’arbres.",
            "Une rampe pour les kayaks\N{NO-BREAK SPACE}: la berge est dangereuse.",
            "Merci de nous le demander avant plutôt qu’après.",
        ],
        "questions": [
            {
                "kind": "single",
                "label": "À quelle fréquence allez-vous au parc?",
                "required": True,
                "choices": ["Chaque semaine", "Quelques fois par mois", "Quelques fois par an", "Jamais"],
            },
            {
                "kind": "multiple",
                "label": "Qu’aimeriez-vous y trouver?",
                "choices": ["Sentier pédestre", "Aire de jeu", "Mise à l’eau pour kayaks", "Jardin communautaire", "Scène extérieure"],
            },
            {
                "kind": "scale",
                "label": "Vous y sentez-vous en sécurité le soir?",
                "top": 5,
                "low_word": "pas du tout",
                "high_word": "tout à fait",
            },
            {"kind": "text", "label": "Une idée, une inquiétude?"},
        ],
    },
    {
        "tenant": "saint-elan",
        "code": "bibliotheque-samedi",
        "title": "La bibliothèque ouverte le samedi soir",
        "introduction": "Un essai de trois mois est envisagé.",
        "language": "fr",
        "status": "draft",
        "responses": 0,
        "texts": [],
        "questions": [
            {
                "kind": "single",
                "label": "Viendriez-vous entre 18\N{NO-BREAK SPACE}h et 21\N{NO-BREAK SPACE}h?",
                "required": True,
                "choices": ["Oui, souvent", "Oui, à l’occasion", "Non"],
            },
            {"kind": "text", "label": "Pour y faire quoi?"},
        ],
    },
    {
        "tenant": "saint-elan",
        "code": "collecte-2026",
        "title": "Satisfaction\N{NO-BREAK SPACE}: la collecte des matières organiques",
        "introduction": "Un an après l’arrivée du bac brun.",
        "language": "fr",
        "status": "closed",
        "responses": 412,
        "texts": ["Rien à redire.", "L’été, une collecte par semaine serait mieux.", "Le bac est trop grand pour une personne seule."],
        "questions": [
            {
                "kind": "scale",
                "label": "Êtes-vous satisfait du service?",
                "required": True,
                "top": 10,
                "low_word": "pas du tout",
                "high_word": "très satisfait",
            },
            {
                "kind": "single",
                "label": "La fréquence vous convient-elle?",
                "choices": ["Oui", "Il en faudrait plus en été", "Il en faudrait moins en hiver"],
            },
            {"kind": "text", "label": "Que faut-il améliorer?"},
        ],
    },
    {
        "tenant": "trois-rapides",
        "code": "transport-collectif",
        "title": "Le transport collectif entre nos villages",
        "introduction": "La MRC prépare son plan de mobilité pour 2028. Dites-nous vos déplacements.",
        "language": "fr",
        "status": "open",
        "responses": 97,
        "texts": [
            "Un départ à 6\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}30 pour l’usine.",
            "Le taxibus du jeudi est toujours plein.",
            "Sans voiture, l’hôpital est hors d’atteinte.",
        ],
        "questions": [
            {
                "kind": "single",
                "label": "Comment vous déplacez-vous le plus souvent?",
                "required": True,
                "choices": ["Voiture", "Covoiturage", "Taxibus", "Vélo", "À pied"],
            },
            {"kind": "multiple", "label": "Vers où manque-t-il un service?", "choices": ["Hôpital", "Cégep", "Gare", "Marché", "Travail"]},
            {
                "kind": "scale",
                "label": "Prendriez-vous un autobus toutes les heures?",
                "top": 7,
                "low_word": "jamais",
                "high_word": "chaque jour",
            },
            {"kind": "text", "label": "Votre trajet le plus difficile?"},
        ],
    },
    {
        "tenant": "trois-rapides",
        "code": "lake-access",
        "title": "Public access to Lac au Héron",
        "introduction": "Seasonal residents are invited to answer as well. The council meets on 9 December.",
        "language": "en",
        "status": "open",
        "responses": 58,
        "texts": ["Please keep the north shore quiet.", "A boat-washing station should come first.", "More parking near the trail head."],
        "questions": [
            {
                "kind": "single",
                "label": "Are you a resident?",
                "required": True,
                "choices": ["All year", "In summer", "No"],
            },
            {
                "kind": "multiple",
                "label": "What should the landing offer?",
                "choices": ["Boat washing", "Toilets", "Picnic tables", "Dock"],
            },
            {"kind": "text", "label": "Anything the council should know?"},
        ],
    },
]
