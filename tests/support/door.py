"""A door with a few pages behind it: HAProxy with TLS in front of files, for measures that only look from outside."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from garant.kernel.deployment import Deployment
from support.tls import INTERMEDIATE, Authority, tls_server

BASE = "garant.localhost"
CLIENT = f"saint-elan.{BASE}"
HOSTS = {BASE: BASE, CLIENT: "client 1a2b3c4d"}
NAMES = (BASE, f"*.{BASE}")

SHEET = "body{margin:0;font:16px/1.5 serif}p,form{margin:1rem}input{width:10em;height:44px}label{display:block}"
HEAD = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/base.css">'
TRUST = f"""<!doctype html><html lang="fr"><head>{HEAD}<title>Confiance</title></head><body><main><h1>Nos engagements</h1>
<p>Chaque phrase de cette page porte la preuve qu’elle est tenue, ou dit pourquoi elle ne l’est pas encore.</p>
<p><a href="/fr/engagements/aso/ASO-16/">ASO-16</a> <a href="/en/">English</a></p></main></body></html>"""
PROOF = f"""<!doctype html><html lang="fr"><head>{HEAD}<title>Preuve</title></head><body><main><h1>ASO-16</h1>
<p>Douze essais depuis une adresse non autorisée, aucun n’a passé.</p><p><a href="/fr/">Retour</a></p></main></body></html>"""
LOGIN = f"""<!doctype html><html lang="fr"><head>{HEAD}<title>Connexion</title></head><body><main><h1>Connexion</h1>
<form method="post" action="/"><p><label for="a">Nom</label><input id="a" name="login" type="text" autocomplete="username"></p>
<p><label for="b">Mot de passe</label><input id="b" name="password" type="password" autocomplete="current-password"></p>
<p><button type="submit">Entrer</button></p></form></main></body></html>"""
PAGES = {
    "/fr/": TRUST,
    "/en/": TRUST.replace('lang="fr"', 'lang="en"'),
    "/fr/engagements/aso/ASO-16/": PROOF,
    "/.garant/fr/login/": LOGIN,
    "/.garant/en/login/": LOGIN.replace('lang="fr"', 'lang="en"'),
    "/base.css": SHEET,
}


@contextmanager
def door(
    directory: Path, *, pages: Mapping[str, str] | None = None, certificate: Path | None = None, anybody: bool = False, **options: Any
) -> Iterator[Deployment]:
    """Yields the deployment as an engine sees it. `pages`: other contents; `anybody`: it answers for any host; the rest: `tls_server`."""
    authority = Authority(directory / "ca")
    rules = ["http-request redirect location https://%[req.hdr(host)]/fr/ code 302 if { path / } !{ hdr_beg(host) saint-elan }"]
    rules += [
        "http-request redirect location https://%[req.hdr(host)]/.garant/fr/login/ code 302 if { path / } { hdr_beg(host) saint-elan }"
    ]
    if not anybody:
        rules += ["http-request deny deny_status 421 unless { hdr_beg(host) saint-elan } or { hdr_beg(host) garant }"]
    for number, (path, content) in enumerate({**PAGES, **(pages or {})}.items()):
        name = directory / f"{number}.page"
        name.write_text(content, encoding="utf-8")
        kind = "text/css" if path.endswith(".css") else "application/json" if path.endswith(".json") else "text/html"
        rules.append(f'http-request return status 200 content-type "{kind}" file {name} if {{ path {path} }}')
    rules.append("http-request return status 404 content-type text/plain string nothing")
    leaf = certificate or authority.leaf(directory / "leaf.pem", NAMES, key=options.pop("key", None))
    options.setdefault("ciphers", INTERMEDIATE)
    with tls_server(directory, leaf, rules=rules, **options) as (https, http):
        yield Deployment(base=BASE, https=https, http=http, data=directory, authority=authority.path)
