"""What the refused read: standalone pages served by the edge itself, in French and English, with a reason and a request number.

They load nothing; their one style block is allowed by its digest. `NUMBER` is HAProxy's, put in as the page is served.
"""

import base64
import hashlib
from dataclasses import dataclass

from garant.kernel.text import Text

NUMBER = "%[unique-id]"

STYLE = (
    "html{background:#FBFAF7}body{margin:0;color:#14213D;background:#FBFAF7;"
    'font:1rem/1.55 -apple-system,BlinkMacSystemFont,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}'
    'h1,h2{margin:0;line-height:1.2;font-family:Charter,"Bitstream Charter",Georgia,"Times New Roman",serif}'
    "h1{font-size:1.728rem}h2{font-size:1.44rem}p{margin:.75rem 0 0;max-width:42em}a{color:#0B4F9E}"
    "a:focus{outline:3px solid #14213D;outline-offset:2px;background:#FFD84D;color:#14213D}"
    "main{max-width:64rem;margin:0 auto;padding:2rem 1.5rem 3rem}"
    "section{border-left:.5rem solid #8A4B00;background:#FCF0DC;padding:1.5rem;margin-top:1.5rem}"
    ".n{color:#465066;font-family:Menlo,Consolas,monospace;font-size:.833rem}"
)
PAGE_POLICY = (
    "default-src 'none'; style-src 'sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode() + "'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Page:
    """One refusal. `next`: a path of this host where something can be done, with its words."""

    status: int
    title: Text
    why: Text
    next: tuple[str, Text] | None = None


_DOWN = Page(
    503,
    Text("Service momentanément indisponible", "Service temporarily unavailable"),
    Text(
        "Votre accès ne peut pas être vérifié pour le moment; rien n’est ouvert sans cette vérification. Réessayez dans quelques secondes.",
        "Your access cannot be checked right now, and nothing is opened without that check. Try again in a few seconds.",
    ),
)
_ANSWER = Page(
    502,
    Text("Réponse refusée", "Answer refused"),
    Text(
        "L’application n’a pas répondu comme elle le doit. La demande n’a pas abouti.",
        "The application did not answer as it must. The request was not completed.",
    ),
)

PAGES = {
    "address": Page(
        403,
        Text("Adresse non autorisée", "Address not authorised"),
        Text(
            "Cette organisation n’accepte pas les connexions de l’adresse d’où vous venez. Rien d’autre n’a été demandé ni montré.",
            "This organisation does not accept connections from the address that you come from. Nothing else was asked or shown.",
        ),
        ("/.garant/address/", Text("Demander l’autorisation de cette adresse", "Ask for this address to be authorised")),
    ),
    "denied": Page(
        403,
        Text("Adresse bloquée", "Address blocked"),
        Text("Ce service refuse l’adresse d’où vous venez.", "This service refuses the address that you come from."),
    ),
    "role": Page(
        403,
        Text("Rôle insuffisant", "Role required"),
        Text(
            "Vous êtes bien connecté, mais cette page demande un rôle que vous n’avez pas. "
            "Un administrateur de votre organisation peut vous le donner.",
            "You are signed in, but this page needs a role that you do not have. An administrator of your organisation can give it to you.",
        ),
    ),
    "host": Page(
        421,
        Text("Aucun service à ce nom", "No service under this name"),
        Text(
            "Aucune organisation ne répond à ce nom. Vérifiez l’adresse que vous avez tapée.",
            "No organisation answers under this name. Check the address that you typed.",
        ),
    ),
    "rate": Page(
        429,
        Text("Trop d’essais", "Too many tries"),
        Text(
            "Trop d’essais viennent de votre adresse. Attendez une minute, puis recommencez.",
            "Too many tries come from your address. Wait one minute, then try again.",
        ),
    ),
    "down": _DOWN,
    "cookie": _ANSWER,
}

ERROR_PAGES = {
    400: Page(
        400,
        Text("Demande mal formée", "Malformed request"),
        Text("Cette demande ne peut pas être comprise avec certitude.", "This request cannot be understood with certainty."),
    ),
    408: Page(
        408,
        Text("Demande trop lente", "Request too slow"),
        Text("La demande n’est pas arrivée à temps.", "The request did not arrive in time."),
    ),
    500: Page(500, Text("Erreur interne", "Internal error"), Text("La porte a rencontré une erreur.", "The door met an error.")),
    502: _ANSWER,
    503: _DOWN,
    504: Page(
        504,
        Text("Application trop lente", "Application too slow"),
        Text("L’application n’a pas répondu à temps.", "The application did not answer in time."),
    ),
}
APPLICATION_DOWN = Page(
    503,
    Text("Application indisponible", "Application unavailable"),
    Text(
        "L’application ne répond pas. Rien ne manque de votre côté; réessayez dans quelques minutes.",
        "The application does not answer. Nothing is wrong on your side; try again in a few minutes.",
    ),
)
"""Of the application's own backend: nobody's access is in question."""
_WORDS = {
    400: "Bad Request",
    408: "Request Timeout",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def page_html(page: Page, *, number: str = "") -> str:
    """The page; `number` is what will stand as the request number (HAProxy's format), empty for none."""
    return (
        '<!DOCTYPE html>\n<html lang="fr-CA"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{page.title.fr} | {page.title.en}</title><style>{STYLE}</style></head><body><main>\n"
        f"<h1>{page.title.fr}</h1>\n{_half(page, 'fr', number)}"
        f'<div lang="en-CA">{_half(page, "en", number)}</div>\n</main></body></html>\n'
    )


def _half(page: Page, language: str, number: str) -> str:
    english = language == "en"
    lines = ["<section>"]
    if english:
        lines.append(f"<h2>{page.title.en}</h2>")
    lines.append(f"<p>{page.why.in_(language)}</p>")
    if page.next is not None:
        path, words = page.next
        lines.append(f'<p><a href="{path.replace("/.garant/", f"/.garant/{language}/")}">{words.in_(language)}</a></p>')
    if number:
        label = "Request number:" if english else "Numéro de la demande :"
        lines.append(f'<p class="n">{label} {number}</p>')
    return "\n".join([*lines, "</section>\n"])


def error_file(page: Page) -> bytes:
    """An HTTP answer as HAProxy reads it from an error file: the whole message, length included."""
    body = page_html(page).encode()
    extra = "Retry-After: 5\r\n" if page.status == 503 else ""
    head = (
        f"HTTP/1.1 {page.status} {_WORDS[page.status]}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Security-Policy: {PAGE_POLICY}\r\n{extra}\r\n"
    )
    return head.encode() + body


def page_files() -> dict[str, bytes]:
    """File name to content, for the directory `pages` of the edge. Only `NUMBER` holds HAProxy's percent sign."""
    made = {f"{name}.html": page_html(page, number=NUMBER).encode() for name, page in PAGES.items()}
    errors = {f"{status}.http": error_file(page) for status, page in ERROR_PAGES.items()}
    return made | errors | {"application.http": error_file(APPLICATION_DOWN)}
