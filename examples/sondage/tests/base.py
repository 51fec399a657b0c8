"""Two organisations, an author and a reader in each, and an edge that vouches for them."""

import json
import shutil
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client, TestCase, override_settings
from sondage.surveys.models import Kind, Organisation, Question, Survey

from garant.sdk.testing import MemoryKeyring
from garant_django import middleware
from garant_django.keys import use

ELAN, RAPIDES = "saint-elan", "trois-rapides"


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Edge:
    """Signs as the edge does."""

    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()

    def jwks(self) -> str:
        x = encoded(self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        return json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "test", "x": x}]})

    def token(self, tenant: str, user: uuid.UUID, roles: list[str], name: str, lang: str = "fr-ca") -> str:
        now = int(time.time())
        claims = {"iss": "garant", "aud": f"{tenant}/sondage", "sub": str(user), "tenant": tenant, "roles": roles}
        claims |= {"name": name, "lang": lang, "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
        signed = f"{encoded(json.dumps({'alg': 'EdDSA', 'kid': 'test'}).encode())}.{encoded(json.dumps(claims).encode())}"
        return f"{signed}.{encoded(self.private.sign(signed.encode()))}"


class Visitor(Client):
    """A browser behind the edge: at one organisation's host, as one person or as nobody."""

    def __init__(self, edge: Edge, tenant: str, *roles: str, name: str = "", lang: str = "fr-ca", **more: object) -> None:
        super().__init__(HTTP_HOST=f"{tenant}.garant.localhost", HTTP_X_FORWARDED_PROTO="https", **more)
        self.user = uuid.uuid4()
        if roles:
            self.defaults["HTTP_X_GARANT_ASSERTION"] = edge.token(tenant, self.user, list(roles), name, lang)


class TwoOrganisations(TestCase):
    """`author`, `reader`, `nobody` at Saint-Élan; `stranger`, an author, and `passer_by` at Trois-Rapides."""

    def setUp(self) -> None:
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.folder = Path(folder)
        self.edge = Edge()
        keys = self.folder / "keys.json"
        keys.write_text(self.edge.jwks(), encoding="utf-8")
        self.keys = self.enterContext(use(MemoryKeyring()))
        changed = override_settings(GARANT_KEYS=str(keys), ATTACHMENTS=self.folder / "attachments")
        changed.enable()
        self.addCleanup(changed.disable)
        self.addCleanup(middleware._keys.cache_clear)
        self.author = Visitor(self.edge, ELAN, "author", "member", name="Rosalie Béchamp")
        self.reader = Visitor(self.edge, ELAN, "member", name="Omer Lavigueur")
        self.nobody = Visitor(self.edge, ELAN)
        self.stranger = Visitor(self.edge, RAPIDES, "author", "member", name="Idriss Ouellon")
        self.passer_by = Visitor(self.edge, RAPIDES)
        Organisation.objects.create(tenant=ELAN, name="Ville de Saint-Élan")
        self.survey = self.written(ELAN, "parc", status="open")
        self.draft = self.written(ELAN, "brouillon")

    def written(self, tenant: str, code: str, status: str = "draft") -> Survey:
        """A survey with a question of each kind."""
        survey = Survey.objects.create(tenant=tenant, code=code, title=f"Titre {code}", status=status)
        rows = [
            {"kind": Kind.SINGLE, "label": "Une couleur?", "choices": ["Bleu", "Vert"], "required": True},
            {"kind": Kind.MULTIPLE, "label": "Des jours?", "choices": ["Lundi", "Mardi", "Jeudi"]},
            {"kind": Kind.SCALE, "label": "Combien?", "top": 5},
            {"kind": Kind.TEXT, "label": "Pourquoi?"},
        ]
        for position, row in enumerate(rows, 1):
            Question.objects.create(tenant=tenant, survey=survey, position=position, **row)
        return survey

    def answers(self, survey: Survey, *given: object) -> dict[str, object]:
        """What a browser sends: one value, or list of values, for each question in order."""
        return {f"q-{question.id}": value for question, value in zip(survey.questions.all(), given, strict=False)}
