"""How long a revoked person is still served, through the edge and under load: `garant bench revocation`.

The whole deployment (`garant up` on ports of its own), an echo server as the protected application, and `wrk` loading the edge as somebody
of another organisation. For each way in which access ends, a person with a live decision asks again and again on one connection; the
order is given, and two times are taken, both to the first refused answer:

    from the order      the moment before the command began (its own work in the database is inside)
    once done           the moment at which the command returned: what whoever gave the order would see

"role changed" is refused by a route that needs the role; "WebSocket cut" ends when the client reads the end of the stream. Then the edge's
own part (`garant revoke` on its console to the first request that is no hit any more) with 1,000 decisions and with GARANT_BENCH_MANY.

Environment: GARANT_BENCH_TIMES (5) persons per row, GARANT_BENCH_MANY (1000000; 0: without). Nothing is asserted about times.
"""

import http.client
import json
import os
import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1]), str(Path(__file__).parent)]

TIMES = int(os.environ.get("GARANT_BENCH_TIMES", "5"))
MANY = int(os.environ.get("GARANT_BENCH_MANY", "1000000"))
TENANT = "saint-elan"
LIMIT = 30.0
ROUTES = '[application]\nname = "echo"\nupstream = "127.0.0.1:{port}"\nroutes = ["/gestion/ member editor"]\n'


def hand() -> None:
    """The other side: one verb a line, in the process of Django, with the rights of the web role."""
    import django  # noqa: PLC0415 - only this side needs it

    django.setup()
    from garant.access import service as access  # noqa: PLC0415
    from garant.identity import queries as identity  # noqa: PLC0415
    from garant.identity.service import tenant_transaction  # noqa: PLC0415
    from garant.kernel.clock import SystemClock  # noqa: PLC0415

    def do(verb: str, **words: Any) -> Any:
        with tenant_transaction(None, scope="operator"):
            tenant = next(each for each in identity.tenants() if each.slug == TENANT)
        with tenant_transaction(tenant.id):
            said: dict[str, Any] = {"at": SystemClock().now(), "actor": "system:bench"}
            if "user" in words:
                words["user"] = uuid.UUID(words["user"])
            if verb == "allow":
                return str(access.add_rule(network=words["network"], verdict="allow", classes=("public", "login", "member"), **said))
            if verb == "unallow":
                return access.remove_rule(rule=uuid.UUID(words["rule"]), confirm=True, **said)
            return {
                "ended": access.end_sessions_of,
                "password": access.set_password,
                "roles": access.change_roles,
                "off": access.deactivate_user,
            }[verb](**words, **said)

    for line in sys.stdin:
        answer = do(**json.loads(line))
        print(json.dumps(str(answer)), flush=True)


class Hand:
    """Gives orders to the process of `hand`."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = [sys.executable, __file__, "hand"]
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, verb: str, **words: Any) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"verb": verb, **words}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"nothing came back for {verb}"
        return str(json.loads(line))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


class Asking(threading.Thread):
    """Asks on one connection until refused; `refused` is when the first refusal came (seconds of the monotonic clock)."""

    def __init__(self, world: Any, cookie: str, path: str, source: str) -> None:
        super().__init__(daemon=True)
        self.world, self.cookie, self.path, self.source = world, cookie, path, source
        self.host = world.host(TENANT)
        self.served, self.refused, self.status = 0, 0.0, 0

    def run(self) -> None:
        context = ssl.create_default_context(cafile=str(self.world.authority))
        link = http.client.HTTPSConnection("127.0.0.1", self.world.https, timeout=LIMIT, source_address=(self.source, 0), context=context)
        raw = socket.create_connection(("127.0.0.1", self.world.https), LIMIT, (self.source, 0))
        link.sock = context.wrap_socket(raw, server_hostname=self.host)
        end = time.monotonic() + 2 * LIMIT
        while time.monotonic() < end:
            link.request("GET", self.path, headers={"Host": f"{self.host}:{self.world.https}", "Cookie": f"__Host-sid={self.cookie}"})
            answer = link.getresponse()
            answer.read()
            self.status = answer.status
            if answer.status != 200:
                self.refused = time.monotonic()
                break
            self.served += 1
        link.close()


def one(world: Any, make: Callable[[str], dict[str, Any]], name: str) -> tuple[float, float]:
    """One person, one order: seconds from the order, and once done, to the first refusal."""
    case = make(name)
    asking = Asking(world, case["cookie"], case.get("path", "/"), case.get("source", "127.0.0.1"))
    asking.start()
    end = time.monotonic() + LIMIT
    while asking.served < 3:
        assert time.monotonic() < end, f"{name} is not served: {asking.status}"
        time.sleep(0.005)
    began = time.monotonic()
    case["order"]()
    done = time.monotonic()
    asking.join(2 * LIMIT)
    assert asking.refused, f"{name} was never refused"
    return asking.refused - began, max(asking.refused - done, 0.0)


def cut(world: Any, cookie: str, order: Callable[[], Any]) -> tuple[float, float]:
    """The same for an open WebSocket that says nothing."""
    from support.edge import WebSocket  # noqa: PLC0415 - after the path is set

    context = ssl.create_default_context(cafile=str(world.authority))
    raw = socket.create_connection(("127.0.0.1", world.https), LIMIT)
    channel = WebSocket(context.wrap_socket(raw, server_hostname=world.host(TENANT)), cookie, "/ws")
    assert channel.status == 101, channel.status
    assert channel.say("bonjour") == "bonjour"
    ends: list[float] = []
    waiting = threading.Thread(target=lambda: ends.append(time.monotonic()) if channel.closed_within(LIMIT) else None, daemon=True)
    waiting.start()
    began = time.monotonic()
    order()
    done = time.monotonic()
    waiting.join(LIMIT + 5)
    assert ends, "the WebSocket stayed open"
    return ends[0] - began, max(ends[0] - done, 0.0)


def sign_out(browser: Any) -> None:
    from support.world import token  # noqa: PLC0415

    path = "/.garant/en/logout/"
    answer = browser.post(path, {"csrfmiddlewaretoken": token(browser.get(path))})
    assert answer.status == 302, answer.status


def channels(world: Any, order: Hand) -> dict[str, Callable[[str], dict[str, Any]]]:
    """Each way in which access ends: a person, and what takes it from them."""

    def entered(name: str, **more: Any) -> tuple[Any, str, str]:
        browser = world.sign_in(TENANT, name, ["member", "editor"], **more)
        return browser, browser.cookies["__Host-sid"], world.person(TENANT, name).user

    def logout(name: str) -> dict[str, Any]:
        browser, cookie, _ = entered(name)
        return {"cookie": cookie, "order": lambda: sign_out(browser)}

    def by_user(verb: str, path: str = "/", **words: Any) -> Callable[[str], dict[str, Any]]:
        def make(name: str) -> dict[str, Any]:
            _, cookie, user = entered(name)
            return {"cookie": cookie, "path": path, "order": lambda: order(verb, user=user, **words)}

        return make

    def address(name: str) -> dict[str, Any]:
        source = f"127.77.1.{int(name.rsplit('-', 1)[1]) + 1}"
        rule = order("allow", network=f"{source}/32")
        end = time.monotonic() + LIMIT
        while world.visit(TENANT, "/.garant/en/login/", source=source).status != 200:
            assert time.monotonic() < end, "the new rule was not taken up"
            time.sleep(0.1)
        _, cookie, _ = entered(name, source=source)
        return {"cookie": cookie, "source": source, "order": lambda: order("unallow", rule=rule)}

    return {
        "logout": logout,
        "sessions ended by staff": by_user("ended"),
        "password changed": by_user("password", raw="une phrase de passe assez longue 42"),
        "role changed": by_user("roles", "/gestion/", roles=["member"]),
        "address rule removed": address,
        "person deactivated": by_user("off", confirm=True),
    }


def line(name: str, times: list[tuple[float, float]]) -> None:
    shown = []
    for each in zip(*times, strict=True):
        ordered = sorted(value * 1000 for value in each)
        late = ordered[min(round(0.95 * len(ordered)), len(ordered) - 1)]
        shown.append(f"{statistics.median(ordered):>8.0f}{late:>8.0f}{ordered[-1]:>8.0f}")
    print(f"{name:<26}{len(times):>4}  {'   '.join(shown)}", flush=True)


def through_the_edge() -> None:
    from support.edge import Echo, Loop, free_port  # noqa: PLC0415
    from support.world import World  # noqa: PLC0415

    with ExitStack() as stack:
        loop, port = Loop(), free_port()
        stack.callback(loop.stop)
        loop.serve("application", Echo("application").answer, port)
        world = World(toml=ROUTES.format(port=port), statements=("aso",))
        stack.callback(world.stop)
        world.start()
        order = Hand(world.environment("web"))
        stack.callback(order.stop)
        other = world.sign_in("trois-rapides", "bench-load")
        host = world.host("trois-rapides")
        load = [
            "wrk",
            "-t1",
            "-c8",
            "-d3600s",
            "-H",
            f"Host: {host}:{world.https}",
            "-H",
            f"Cookie: __Host-sid={other.cookies['__Host-sid']}",
        ]
        wrk = subprocess.Popen([*load, f"https://127.0.0.1:{world.https}/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(wrk.wait, 10)
        stack.callback(wrk.kill)
        print(f"\n{'ms to the first refusal':<26}{'n':>4}  {'from the order p50/p95/max':<27}{'once done p50/p95/max'}")
        for title, make in channels(world, order).items():
            line(title, [one(world, make, f"bench-{title.split()[0]}-{number}") for number in range(TIMES)])
        taken = []
        for number in range(TIMES):
            browser = world.sign_in(TENANT, f"bench-socket-{number}")
            user = world.person(TENANT, f"bench-socket-{number}").user
            taken.append(cut(world, browser.cookies["__Host-sid"], lambda user=user: order("ended", user=user)))  # type: ignore[misc]
        line("WebSocket cut", taken)
        assert wrk.poll() is None, "the load ended early"
        print("load of the machine, 1 and 5 minutes: {:.1f} {:.1f}".format(*os.getloadavg()))


def in_the_table(keys: int) -> float:
    """Median seconds from `garant revoke` on the console to its answer and one request that is no hit any more, with so many decisions."""
    import edge  # noqa: PLC0415 - the other benchmark

    with ExitStack() as stack:
        bench = edge.Bench(stack)
        variant, runtime = bench.edge("revocation", log=False, keys=keys)
        taken = []
        for number in range(1, 31):
            link = http.client.HTTPConnection("127.0.0.1", variant.port, timeout=20)
            headers = {"Host": edge.HOST, "Cookie": f"__Host-sid={edge.sid_of(number)}"}
            link.request("GET", "/", headers=headers)
            answer = link.getresponse()
            assert (answer.status, answer.read()) == (200, b"ok\n")
            began = time.monotonic()
            runtime.ask(f"garant revoke s:{edge.sid_of(number)} {int(time.time() * 1000) + 1000}")
            link.request("GET", "/", headers=headers)
            answer = link.getresponse()
            answer.read()
            taken.append(time.monotonic() - began)
            assert answer.status == 503, f"revoked and still served: {answer.status}"  # nobody answers for decisions here
            with suppress(OSError):
                link.close()
        return statistics.median(taken)


def main() -> None:
    if sys.argv[1:] == ["hand"]:
        hand()
        return
    through_the_edge()
    if MANY:
        few, many = in_the_table(1000), in_the_table(MANY)
        print(
            f"\nrevocation inside the edge, median of 30: {few * 1000:.1f} ms at 1,000 decisions, {many * 1000:.1f} ms at {MANY:,}: ",
            end="",
        )
        print(f"ratio {many / few:.2f}")


if __name__ == "__main__":
    main()
