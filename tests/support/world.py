"""A whole deployment, running: `garant up` as a child process on a data directory and ports of its own.

    world.visit("saint-elan", "/")                        an anonymous visitor at 127.0.0.1
    world.visit("saint-elan", "/", source="127.9.9.9")    ... from an address that no list names
    juliane = world.sign_in("saint-elan", "juliane")      password and code through the real pages
    juliane.get("/"); world.keep("ASO-16")                what a person sees; measure a claim now
    with world.sql("owner") as database: ...              sabotage behind Garant's back
    world.runtime("show map")                             HAProxy's own console

Everything is on the loopback. `wait_until` polls with a deadline and says what it waited for.
"""

import hashlib
import hmac
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from base64 import b32decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from garant.drivers.http_probe import Answer, Browser, HttpProbe
from garant.project.runtime import Runtime
from support.registers import Book, two_sites

ROOT = Path(__file__).parents[2]
BASE = "garant.localhost"
STATEMENTS = ("aso", "interceptum", "aster", "cirasync", "engagementhq")
PATIENCE = 120.0

T = TypeVar("T")


class NotReached(AssertionError):
    """What was waited for did not come."""


def wait_until(predicate: Callable[[], T], what: str, seconds: float = 30.0, pause: float = 0.1) -> T:
    """The first true value of `predicate`. Raises NotReached, in words, after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = predicate()
        if found:
            return found
        if time.monotonic() > end:
            raise NotReached(f"waited {seconds:.0f} s for {what}; last seen: {found!r}")
        time.sleep(pause)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Person:
    """Somebody with a password and, after the first login, a shared secret for codes."""

    tenant: str
    login: str
    password: str
    user: str
    secret: str = ""
    used: set[int] = field(default_factory=set)

    def code(self) -> str:
        """A code that was not used yet: this half minute's, or a neighbour's (RFC 6238; the service tolerates one step)."""
        for _ in range(700):
            step = int(time.time()) // 30
            for each in (step - 1, step, step + 1):
                if each > max(self.used, default=0):
                    self.used.add(each)
                    return totp(self.secret, each)
            time.sleep(0.1)
        raise NotReached("a code that was not used yet")


def totp(secret: str, step: int) -> str:
    """RFC 6238 with SHA-1 and six digits, written apart from the product's own."""
    key = b32decode(secret.replace(" ", "").upper() + "=" * (-len(secret.replace(" ", "")) % 8))
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class Steward:
    """The process behind `support/steward.py`."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.steward"],
            env=dict(environment),
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, verb: str, **words: Any) -> Any:
        """Raises AssertionError with the other side's traceback."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"verb": verb, **words}) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], 300)
        line = self._process.stdout.readline() if ready else ""
        assert line, f"the steward said nothing to {verb}"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["ok"]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class World:
    """One running deployment. `toml`: more lines for garant.toml (the statements and ports are there already).

    `prober`: without, the process that looks from outside by itself sleeps from its first moment on (before it takes anything), so that it
    does not race the tests for the two canaries and for the machine: `keep` measures, when the test wants.
    """

    def __init__(self, *, toml: str = "", statements: Sequence[str] = STATEMENTS, prober: bool = True) -> None:
        self._prober = prober
        self._directory = tempfile.TemporaryDirectory(prefix="garant-world-", ignore_cleanup_errors=True)
        self.data = Path(self._directory.name)
        self.data.chmod(0o755)
        self.https, self.http = free_port(), free_port()
        self.runtime_files = Runtime(self.data)
        published = ", ".join(f'"{slug}"' for slug in statements)
        (self.data / "garant.toml").write_text(
            f"[addresses]\nhttps = {self.https}\nhttp = {self.http}\n\n[statements]\npublish = [{published}]\n\n{toml}", encoding="utf-8"
        )
        (self.data / "places.toml").write_text(two_sites().toml(), encoding="utf-8")
        self.people: dict[tuple[str, str], Person] = {}
        self._stewards: dict[str, Steward] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self, role: str = "web") -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GARANT_", "DJANGO_"))}
        return {
            **inherited,
            "GARANT_DATA": str(self.data),
            "GARANT_CONFIG": str(self.data / "garant.toml"),
            "GARANT_ROLE": role,
            "DJANGO_SETTINGS_MODULE": "garant.project.settings",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}:{ROOT / 'examples'}",
        }

    def start(self) -> None:
        """`garant up`; returns when the edge serves the trust page, every process is up, and the tenants and statements are settled."""
        environment = self.environment()
        environment.pop("GARANT_ROLE")
        environment.pop("DJANGO_SETTINGS_MODULE")
        with (self.data / "up.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "garant", "up", "--data", str(self.data)], env=environment, cwd="/", stdout=log, stderr=log
            )
        if not self._prober:
            wait_until(lambda: self.runtime_files.state().get("processes", {}).get("prober", {}).get("pid"), "the prober", PATIENCE, 0.01)
            self.kill("prober", signal.SIGSTOP)
        self.wait_until_serving()

    def wait_until_serving(self) -> None:
        def serving() -> bool:
            assert self._process is not None
            if self._process.poll() is not None:
                raise NotReached(f"`garant up` ended with {self._process.returncode}:\n{self.log('up', 4000)}")
            state = self.runtime_files.state()
            processes = state.get("processes", {})
            up = bool(processes) and all(each["state"] == "serving" for each in processes.values())
            return up and state.get("settled", False) and self._page_answers()

        try:
            wait_until(serving, "a deployment that serves", PATIENCE, 0.2)
        except NotReached as error:
            raise NotReached(f"{error}\n{self.log('up', 4000)}\n{self.runtime_files.state()}") from error

    def _page_answers(self) -> bool:
        try:
            return self.probe.ask(BASE, "/fr/").status == 200
        except Exception:  # noqa: BLE001 - anything at all means: not yet
            return False

    def stop(self) -> None:
        for steward in self._stewards.values():
            steward.stop()
        self._stewards.clear()
        if self._process is not None and self._process.poll() is None:
            if not self._prober and "prober" in self.runtime_files.state().get("processes", {}):
                self.kill("prober", signal.SIGCONT)
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._directory.cleanup()

    # What a visitor does

    @property
    def authority(self) -> Path:
        return self.data / "tls" / "ca.pem"

    @property
    def probe(self) -> HttpProbe:
        return HttpProbe(connect="127.0.0.1", port=self.https, authority=self.authority, limit=4_000_000)

    def host(self, tenant: str) -> str:
        """The name that answers for a tenant; "" or "operator": the trust page's."""
        return BASE if tenant in ("", "operator") else f"{tenant}.{BASE}"

    def visit(self, tenant: str, path: str, *, source: str = "127.0.0.1", cookie: str = "", method: str = "GET", **more: Any) -> Answer:
        """One request without redirects. `cookie`: the value of the session cookie."""
        headers = [*more.pop("headers", ()), *([("cookie", f"__Host-sid={cookie}")] if cookie else [])]
        return self.probe.ask(self.host(tenant), path, method=method, headers=headers, source=source, **more)

    def person(self, tenant: str, login: str, roles: Sequence[str] = ("member",)) -> Person:
        """Somebody of a tenant whose password the test knows; made, or taken over from the demonstration, at first use."""
        key = (tenant, login)
        if key not in self.people:
            made = self.steward("web").ask("person", tenant=tenant, login=login, roles=list(roles))
            self.people[key] = Person(tenant, login, made["password"], made["user"])
        return self.people[key]

    def sign_in(self, tenant: str, login: str, roles: Sequence[str] = ("member",), *, source: str = "127.0.0.1") -> Browser:
        """A browser in which this person is signed in, by password and code through the real pages."""
        person = self.person(tenant, login, roles)
        browser = self.probe.browser(self.host(tenant), source=source)
        path = "/.garant/en/login/"
        answer = browser.get(path)
        assert answer.status == 200, (answer.status, answer.text[:500])
        answer = browser.post(path, {"csrfmiddlewaretoken": token(answer), "login": login, "password": person.password})
        assert answer.status == 302, (answer.status, answer.text[:2000])
        place = answer.header("location")
        answer = browser.get(place)
        if not person.secret:
            found = re.search(r'class="sceau">([A-Z2-7 ]+)<', answer.text)
            assert found, (answer.status, place, answer.text[:2000])
            person.secret = found[1]
        answer = browser.post(place, {"csrfmiddlewaretoken": token(answer), "code": person.code()})
        assert answer.status == 302, (answer.status, answer.text[:2000])
        return browser

    # What stands behind it

    def steward(self, role: str) -> Steward:
        if role not in self._stewards:
            self._stewards[role] = Steward(self.environment(role))
        return self._stewards[role]

    def keep(self, *claims: str) -> dict[str, str]:
        """Measure, now, what these claims rest on; their states afterwards."""
        found: dict[str, str] = self.steward("worker").ask("keep", claims=list(claims))
        return found

    @contextmanager
    def places(self, book: Book, **countries: str) -> Iterator[None]:
        """Another register of places in force; the customers named (their `-` as `_`) moved to a country. All is put back at the end."""
        self.steward("worker").ask("places", text=book.toml())
        for tenant, country in countries.items():
            self.steward("web").ask("place", tenant=tenant.replace("_", "-"), country=country)
        try:
            yield
        finally:
            self.steward("worker").ask("places", text=two_sites().toml())
            for tenant in countries:
                self.steward("web").ask("place", tenant=tenant.replace("_", "-"), country="CA")

    def verdict(self, claim: str) -> str:
        """The published state of a claim."""
        return str(self.steward("worker").ask("verdicts")[claim]["state"])

    def reason(self, claim: str) -> str:
        return str(self.steward("worker").ask("verdicts")[claim]["reason"])

    def sql(self, role: str) -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection of its own, autocommit: web, worker, edge, owner, or `superuser`."""
        state = self.runtime_files.state()
        return psycopg.connect(
            host=state["database_socket"],
            port=state["database_port"],
            user="postgres" if role == "superuser" else f"garant_{role}",
            password=self.runtime_files.secret(f"database-{role}"),
            dbname=state["database"],
            autocommit=True,
        )

    def runtime(self, command: str) -> str:
        """One command to HAProxy's runtime socket."""
        with socket.socket(socket.AF_UNIX) as console:
            console.settimeout(10)
            console.connect(str(self.data / "run" / "runtime.sock"))
            console.sendall(command.encode() + b"\n")
            parts = []
            while part := console.recv(65536):
                parts.append(part)
        return b"".join(parts).decode(errors="replace")

    def pid(self, process: str) -> int:
        return int(self.runtime_files.state()["processes"][process]["pid"])

    def kill(self, process: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to one process of the deployment; its pid."""
        pid = self.pid(process)
        os.kill(pid, number)
        return pid

    def log(self, process: str, size: int = 2000) -> str:
        """The last words of a process (`up`: of the command itself)."""
        path = self.data / "up.log" if process == "up" else self.data / "logs" / f"{process}.log"
        return path.read_text(errors="replace")[-size:] if path.exists() else ""


def token(answer: Answer) -> str:
    """The CSRF token of the first form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.text)
    assert found, f"no form in: {answer.status} {answer.text[:300]}"
    return found[1]
