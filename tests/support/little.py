"""A little web server of Garant's shape, right or wrong on purpose: what the examination of sessions is tried on."""

import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

from support.stub import Asked, Said

FORM = b'<form><input name="csrfmiddlewaretoken" value="t"></form>'
GOOD = "Path=/; Secure; HttpOnly; SameSite=Lax"


@dataclass
class Server:
    """A little Garant. `fault`: what it does wrong. Sessions: identifier to how far its login is (0, 1, 2)."""

    fault: str = ""
    sessions: dict[str, int] = field(default_factory=dict)

    def say(self, asked: Asked) -> Said:
        held = asked.cookies.get("__Host-sid", "")
        steps: dict[str, Callable[[str], Said]] = {
            "/.garant/fr/login/": lambda sid: self._step(sid, 0, asked, "/.garant/fr/login/code/"),
            "/.garant/fr/login/code/": lambda sid: self._step(sid, 1, asked, "/"),
            "/.garant/fr/logout/": lambda sid: self._logout(sid, asked),
        }
        if asked.path in steps:
            return steps[asked.path](held)
        if self.sessions.get(held) == 2:
            extra = {"unlisted": "panier=1", "credentials": f"x={b64encode(b'who=garant-temoin').decode()}"}.get(self.fault)
            return Said(200, b"data", (("Set-Cookie", f"{extra}; Path=/"),) if extra else ())
        return Said(302, b"", (("Location", "/.garant/fr/login/"),))

    def _step(self, held: str, step: int, asked: Asked, onwards: str) -> Said:
        if asked.method == "GET":
            if held in self.sessions or (self.fault == "fixed" and held):
                self.sessions.setdefault(held, step)
                return Said(200, FORM)
            return Said(200, FORM, (self._cookie(self._new(0)),))
        if self.fault in ("not_rotated", "fixed"):
            self.sessions[held] = step + 1
            return Said(302, b"", (("Location", onwards),))
        self.sessions.pop(held, None)
        return Said(302, b"", (("Location", onwards), self._cookie(self._new(step + 1))))

    def _logout(self, held: str, asked: Asked) -> Said:
        if asked.method == "GET":
            return Said(200, FORM)
        if self.fault != "alive":
            self.sessions.pop(held, None)
        return Said(302, b"", (("Location", "/"), ("Set-Cookie", '__Host-sid=""; Max-Age=0; Path=/')))

    def _new(self, step: int) -> str:
        length = 8 if self.fault == "short" else 32
        made = secrets.token_urlsafe(length)
        self.sessions[made] = step
        return made

    def _cookie(self, identifier: str) -> tuple[str, str]:
        marks = {"bare": "Path=/", "lasting": f"{GOOD}; Max-Age=99999"}.get(self.fault, GOOD)
        return "Set-Cookie", f"__Host-sid={identifier}; {marks}"
