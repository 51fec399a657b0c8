"""Drives the system's Chromium: opens pages at a width, reads them, takes pictures.

    with Browser(connect="127.0.0.1", base="garant.localhost", pin=leaf.pin) as browser:
        page = browser.open("https://garant.localhost:8443/fr/", width=320)
        page.evaluate("document.title")

- Spoken to over two pipes (CDP with `--remote-debugging-pipe`): no debugging port that another user of the machine could enter.
- A profile of its own in a temporary directory; no proxy, no update, no network but `connect`: every name leads there.
- Certificates: beside what the system trusts, only the one leaf whose public key hash is `pin` (the caller has validated its chain).
- Under root the browser runs as the unprivileged system user.

Raises EngineError when there is no Chromium (with what to install), when a page does not load, or when time is up.
"""

import base64
import fcntl
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from garant.drivers.process import PLAIN_ENVIRONMENT, Deadline, drop, service_user
from garant.kernel.errors import EngineError
from garant.kernel.text import Text

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--mute-audio",
    "--password-store=basic",
    "about:blank",
)


def program() -> str:
    """Path of the system's Chromium. Raises EngineError that says what to install."""
    for name in PROGRAMS:
        if found := shutil.which(name, path=PLAIN_ENVIRONMENT["PATH"]):
            return found
    raise EngineError(
        Text(
            "Chromium n’est pas installé sur cette machine. Installez-le avec `apt-get install chromium`.",
            "no Chromium on this machine: install it with `apt-get install chromium`",
        )
    )


class Page:
    """One page in one tab. Sizes are CSS pixels."""

    def __init__(self, browser: "Browser", session: str) -> None:
        self._browser, self._session = browser, session
        self.status = 0

    def go(self, url: str, *, width: int, height: int = 900, scripts: bool = True) -> None:
        """Load `url` and wait until it is whole. Raises EngineError when it does not load; an HTTP error is a page, see `status`."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._browser.forget(self._session)
        answer = self.send("Page.navigate", url=url)
        if error := answer.get("errorText"):
            raise EngineError(f"Chromium cannot open {url.partition('?')[0][:200]}: {error}")
        self._browser.event(self._session, "Page.loadEventFired")
        self.status = self._browser.status(self._session, str(answer.get("loaderId", "")))

    def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression in the page (promises are awaited). Raises EngineError with the page's words."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            words = details.get("exception", {}).get("description") or details.get("text", "")
            raise EngineError(f"a question to the page failed: {words[:300]}")
        return answer["result"].get("value")

    def picture(self) -> bytes:
        """A PNG of the whole page."""
        return base64.b64decode(self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"])

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One CDP command to this page."""
        return self._browser.send(method, parameters, session=self._session)


class Browser:
    """One Chromium process. `seconds`: deadline of each command. Not for several threads."""

    def __init__(self, *, connect: str, base: str, pin: bytes | None = None, seconds: float = 30.0) -> None:
        self._seconds = seconds
        self._rules = f"MAP {base} {connect}, MAP *.{base} {connect}, MAP * ~NOTFOUND"
        self._pin = pin
        self._number = 0
        self._received = b""
        self._events: list[dict[str, Any]] = []
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        found, user = program(), service_user()
        self._home = Path(tempfile.mkdtemp(prefix="garant-browser-"))
        if user:
            os.chown(self._home, user.pw_uid, user.pw_gid)
        try:
            self._start(found, user)
            self.send("Browser.getVersion", {})
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    @property
    def version(self) -> str:
        """Product and version, as `Chrome/156.0.8078.79`."""
        return str(self.send("Browser.getVersion", {})["product"])

    def open(self, url: str, *, width: int, height: int = 900, scripts: bool = True) -> Page:
        """A new page at this width, loaded whole. `scripts` False: as in a browser without JavaScript."""
        target = self.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Network"):
            page.send(f"{domain}.enable")
        page.send("Page.setBypassCSP", enabled=True)
        page.go(url, width=width, height=height, scripts=scripts)
        return page

    def cookie(self, url: str, name: str, value: str) -> None:
        """From now on every page of this very host is asked with this cookie, as if the host had set it. Raises EngineError."""
        given = {"url": url, "name": name, "value": value, "path": "/", "secure": True, "httpOnly": True, "sameSite": "Lax"}
        self.send("Storage.setCookies", {"cookies": [given]})

    def send(self, method: str, parameters: dict[str, Any], *, session: str | None = None) -> dict[str, Any]:
        """One command, one answer. Events that come meanwhile are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._write(json.dumps(message).encode() + b"\0")
        deadline = Deadline(self._seconds)
        while True:
            answer = self._read(deadline, method)
            if answer.get("id") != self._number:
                self._events.append(answer)
                continue
            if "error" in answer:
                raise EngineError(f"Chromium refuses {method}: {answer['error'].get('message', '')}")
            result: dict[str, Any] = answer.get("result", {})
            return result

    def forget(self, session: str) -> None:
        """Drop the events of a page that are not wanted any more."""
        self._events = [event for event in self._events if event.get("sessionId") != session]

    def event(self, session: str, method: str) -> dict[str, Any]:
        """The next event of this kind of a page. Raises EngineError when it does not come."""
        deadline = Deadline(self._seconds)
        while True:
            for event in self._events:
                if event.get("sessionId") == session and event.get("method") == method:
                    self._events.remove(event)
                    return event
            self._events.append(self._read(deadline, method))

    def status(self, session: str, loader: str) -> int:
        """HTTP status of the document that a page loaded; 0 when it came from no server."""
        for event in self._events:
            about = event.get("params", {})
            ours = event.get("sessionId") == session and event.get("method") == "Network.responseReceived"
            if ours and about.get("loaderId") == loader and about.get("type") == "Document":
                return int(about["response"]["status"])
        return 0

    def _start(self, found: str, user: pwd.struct_passwd | None) -> None:
        pairs = os.pipe(), os.pipe()
        # Numbers of 10 and more, so that none of ours is 3 or 4, which Chromium reads and writes.
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (pairs[0][0], pairs[1][1])]
        self._to, self._from = pairs[0][1], pairs[1][0]
        options = [f"--user-data-dir={self._home}", f"--host-resolver-rules={self._rules}", *ARGUMENTS]
        if self._pin:
            options.insert(0, f"--ignore-certificate-errors-spki-list={base64.b64encode(self._pin).decode()}")
        if os.geteuid() == 0 or not _namespaces():
            options.insert(0, "--no-sandbox")
        script = f'exec "$@" 3<&{theirs[0]} 4>&{theirs[1]}'
        try:
            self._process = subprocess.Popen(
                ["/bin/bash", "-c", script, "chromium", found, *options],
                pass_fds=theirs,
                cwd="/",
                env={**PLAIN_ENVIRONMENT, "HOME": str(self._home)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                **drop(user),
            )
        finally:
            for end in (*theirs, pairs[0][0], pairs[1][1]):
                os.close(end)

    def _write(self, message: bytes) -> None:
        try:
            while message:
                message = message[os.write(self._to, message) :]
        except OSError as error:
            raise EngineError("Chromium has ended by itself") from error

    def _read(self, deadline: Deadline, awaited: str) -> dict[str, Any]:
        while b"\0" not in self._received:
            if not select.select([self._from], [], [], deadline.left())[0]:
                raise EngineError(f"Chromium gave no answer to {awaited} within {self._seconds:g} s")
            part = os.read(self._from, 1 << 16)
            if not part:
                raise EngineError(f"Chromium ended before it answered {awaited}")
            self._received += part
        message, _, self._received = self._received.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            for end in (self._to, self._from):
                os.close(end)
            try:
                process.wait(3)  # a closed pipe asks it to leave
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        shutil.rmtree(self._home, ignore_errors=True)


def _namespaces() -> bool:
    """Whether Chromium's sandbox can work: unprivileged user namespaces, or the setuid helper."""
    helper = Path("/usr/lib/chromium/chrome-sandbox")
    try:
        if Path("/proc/sys/kernel/unprivileged_userns_clone").read_text(encoding="ascii").strip() == "0":
            return helper.exists()
    except OSError:
        pass
    return Path("/proc/self/ns/user").exists()
