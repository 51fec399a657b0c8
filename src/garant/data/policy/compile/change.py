"""One difference between a database and its map, with the SQL that ends it."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from garant.data.policy.catalogue import Name
from garant.kernel.text import Text


class Kind(StrEnum):
    """What differs."""

    ROLE_BYPASSES = "role_bypasses"
    ROLE_OWNS = "role_owns"
    SCHEMA = "schema"
    FUNCTION = "function"
    CAPTURED = "captured"
    SECURITY_OFF = "security_off"
    NOT_FORCED = "not_forced"
    POLICY = "policy"
    FOREIGN_POLICY = "foreign_policy"
    INDEX = "index"
    GRANTED = "granted"
    SEQUENCE = "sequence"
    VIEW = "view"
    MATERIALIZED = "materialized"
    UNIQUE = "unique"
    REFERENCE = "reference"
    CAPTURE = "capture"
    CAPTURE_ENDED = "capture_ended"
    DEFINER = "definer"
    PLANT = "plant"


WORDS = {
    Kind.ROLE_BYPASSES: Text("le rôle {} passe outre la sécurité par ligne", "the role {} bypasses row security"),
    Kind.ROLE_OWNS: Text("le rôle de l’application possède {}", "the application’s role owns {}"),
    Kind.SCHEMA: Text("le schéma {} manque ou a un autre propriétaire", "the schema {} is missing or has another owner"),
    Kind.FUNCTION: Text("la fonction {} manque ou a été changée", "the function {} is missing or was changed"),
    Kind.CAPTURED: Text("la table {} manque", "the table {} is missing"),
    Kind.SECURITY_OFF: Text("la sécurité par ligne n’est pas active sur {}", "row security is off on {}"),
    Kind.NOT_FORCED: Text("la sécurité par ligne n’est pas imposée au propriétaire de {}", "row security is not forced on the owner of {}"),
    Kind.POLICY: Text("la règle de cloisonnement de {} manque ou a été changée", "the tenant policy of {} is missing or was changed"),
    Kind.FOREIGN_POLICY: Text("une autre règle ouvre des lignes de {}", "another policy opens rows of {}"),
    Kind.INDEX: Text("aucun index de {} ne commence par le client", "no index of {} starts with the tenant"),
    Kind.GRANTED: Text("l’application peut vider ou référencer {}", "the application may truncate or reference {}"),
    Kind.SEQUENCE: Text("l’application peut lire la séquence {}", "the application may read the sequence {}"),
    Kind.VIEW: Text("la vue {} lit au nom de son propriétaire", "the view {} reads in the name of its owner"),
    Kind.MATERIALIZED: Text(
        "la vue matérialisée {} est lisible sans cloisonnement", "the materialized view {} can be read without isolation"
    ),
    Kind.UNIQUE: Text("{} n’a pas de clé qui comprend le client", "{} has no key that includes the tenant"),
    Kind.REFERENCE: Text("{} peut désigner la ligne d’un autre client", "{} may point at another tenant’s row"),
    Kind.CAPTURE: Text("les changements de {} ne sont pas saisis", "changes of {} are not captured"),
    Kind.CAPTURE_ENDED: Text(
        "les changements de {} sont saisis sans que la carte le dise", "changes of {} are captured although the map does not say so"
    ),
    Kind.DEFINER: Text(
        "la fonction {} s’exécute avec les droits d’autrui, sans chemin fixé",
        "the function {} runs with another’s rights without a fixed path",
    ),
    Kind.PLANT: Text("les mesures ne peuvent pas poser leur témoin dans {}", "measures cannot plant their canary in {}"),
}


@dataclass(frozen=True)
class Change:
    """`subject`: what it is about, in the words of the database. `sql`: empty when only a person can end it. `private`: run as the
    role that owns the schema `garant`, else as the owner of the tables."""

    kind: Kind
    subject: str
    sql: tuple[str, ...] = ()
    private: bool = False

    @property
    def text(self) -> Text:
        """A sentence without its full stop."""
        words = WORDS[self.kind]
        return Text(words.fr.format(self.subject), words.en.format(self.subject))


def quote(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text."""
    return "'" + value.replace("'", "''") + "'" if "\\" not in value else "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def qualified(name: Name) -> str:
    """`"schema"."table"`."""
    return f"{quote(name[0])}.{quote(name[1])}"


def shown(name: Name, column: str = "") -> str:
    """A table as people write it: without the schema when it is `public`."""
    bare = name[1] if name[0] == "public" else f"{name[0]}.{name[1]}"
    return f"{bare}.{column}" if column else bare


def made_name(*parts: str) -> str:
    """A name for a constraint or an index: at most 63 bytes, the end replaced by a digest when it is longer."""
    name = "_".join(("garant", *parts))
    if len(name.encode()) <= 63:
        return name
    return f"{name.encode()[:52].decode(errors='ignore')}_{hashlib.sha256(name.encode()).hexdigest()[:10]}"


CAST = re.compile(
    r'::\s*(?:"?\w+"?\.)?(?:character varying|double precision|timestamp with(?:out)? time zone|"?\w+"?)(?:\(\d+\))?(?:\[\])?'
)
ALIAS = re.compile(r"\bas\s+\w+", re.IGNORECASE)


def bones(expression: str) -> str:
    """An expression without casts, aliases of a subquery's column, parentheses, quotes and spaces: what the server gives back differs
    from what it was given in these alone."""
    bare = ALIAS.sub("", CAST.sub("", expression).replace('"', ""))
    return re.sub(r"[\s()]+", " ", bare).strip().lower()
