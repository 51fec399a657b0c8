"""What a hit costs, beside plain HAProxy in the same run: `garant bench edge`.

Same upstream (nginx, one worker), plain HTTP, one thread per proxy, 32 keepalive connections, random sessions over the whole key space,
five ordinary headers. Rounds are interleaved; medians. CPU per request (utime + stime of the worker) is the sturdier figure.

    plain            HAProxy, pass-through
    plain + log      the same with the access log of the compiled configuration
    hit              the compiled configuration, 100,000 live decisions, every revocation older than they are
    hit, revoked     the same, a revocation of somebody newer than every decision: each hit looks three subjects up
    hit + log        the compiled configuration whole
    hit, 1,000,000   `hit, revoked` with ten times the decisions (GARANT_BENCH_MANY)
    nginx            `auth_request` to a bare uvloop server that decides nothing
    Caddy            `forward_auth` to the same server
    Traefik          `forwardAuth` to the same server

The peers come from requirements-bench.lock, into an environment of their own that ends with the run. One that cannot be had is named as
not measured. CPU per request counts the peer and the server that it asks.

Environment: GARANT_BENCH_SECONDS (3), GARANT_BENCH_ROUNDS (3), GARANT_BENCH_KEYS (100000), GARANT_BENCH_MANY (1000000; 0: without),
GARANT_BENCH_PEERS (1; 0: without).
"""

import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1])]

from garant.drivers.haproxy import Runtime, version  # noqa: E402 - the path above
from garant.edge.engines.haproxy import Lists, Places  # noqa: E402
from garant.edge.policy.haproxy import Plan, compile_haproxy, compile_routes, map_text  # noqa: E402
from garant.edge.policy.pages import page_files  # noqa: E402
from support.edge import BASE, HOST, HOSTS, ROUTES, free_port, rules, until  # noqa: E402

SECONDS = int(os.environ.get("GARANT_BENCH_SECONDS", "3"))
ROUNDS = int(os.environ.get("GARANT_BENCH_ROUNDS", "3"))
KEYS = int(os.environ.get("GARANT_BENCH_KEYS", "100000"))
MANY = int(os.environ.get("GARANT_BENCH_MANY", "1000000"))
PEERS = os.environ.get("GARANT_BENCH_PEERS", "1") != "0"
ROOT = Path(__file__).parents[2]
PORTION = 50_000
TICK = os.sysconf("SC_CLK_TCK")

ASSERTION = "e" * 320
SID = """
local function sid(i)                                 -- 43 characters that look random, as session identifiers do
  local x, parts = (i * 1103515245 + 12345) % 2147483647, {}
  for part = 1, 5 do x = (x * 48271 + part) % 2147483647; parts[part] = string.format("%08x", x) end
  return table.concat(parts) .. "abc"
end
"""
FILL = f"""
{SID}
core.register_cli({{"garant", "fill"}}, "garant fill <first> <last> <ms>", function(a, _, _, first, last, ms)
  local dies = now().sec + 3600
  for i = tonumber(first), tonumber(last) do
    local sid = sid(i)
    local user = string.format("7d1f5f0e-5a52-4d3d-9a37-%012d", i)
    put("{HOST}|127.0.0.1|" .. sid,
        {{user .. "|member,editor", dies, tonumber(ms), "s:" .. sid, "u:" .. user, "t:saint-elan", os.time() + 3600, "{ASSERTION}"}})
    if i % 5000 == 0 then core.yield() end
  end
  a:send("filled\\n")
end)
"""


def sid_of(number: int) -> str:
    """The session identifier that the Lua function makes for this number."""
    seed, parts = (number * 1103515245 + 12345) % 2147483647, []
    for part in range(1, 6):
        seed = (seed * 48271 + part) % 2147483647
        parts.append(f"{seed:08x}")
    return "".join(parts) + "abc"


FIRST = sid_of(1)
WRK = """
math.randomseed(os.time())
%(sid)s
local n = %(keys)d
request = function()
  return wrk.format("GET", "/dossiers/liste", {["Host"]="%(host)s", ["User-Agent"]="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    ["Accept"]="text/html", ["Accept-Language"]="fr-CA,fr;q=0.8", ["Accept-Encoding"]="gzip, br",
    ["Cookie"]="theme=sombre; __Host-sid=" .. sid(math.random(n))})
end
"""
PLAIN = """
global
    nbthread 1
    maxconn 4000
    stats socket {run}/{name}.sock mode 600 level admin
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
{ring}
backend application
    server app1 127.0.0.1:{upstream}
frontend edge
    bind 127.0.0.1:{port}
    {log}
    default_backend application
"""
NGINX = """
worker_processes 1; pid {run}/{name}.pid; error_log {run}/{name}.log crit; daemon off;
events {{ worker_connections 2000; }}
http {{ access_log off; keepalive_requests 1000000000; {upstreams}
  server {{ listen 127.0.0.1:{port}; {server} }} }}
"""
BARE = """
import asyncio, sys, uvloop
class Yes(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data):
        answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nX-Garant-User: rosalie\\r\\n\\r\\n"
        self.transport.write(answer * data.count(b"\\r\\n\\r\\n"))
async def main():
    server = await asyncio.get_running_loop().create_server(Yes, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
uvloop.run(main())
"""
CADDY = """
{{
    admin off
    auto_https off
}}
http://:{port} {{
    bind 127.0.0.1
    forward_auth 127.0.0.1:{decide} {{
        uri /
        copy_headers X-Garant-User
    }}
    reverse_proxy 127.0.0.1:{upstream}
}}
"""
TRAEFIK = """
entryPoints: {{ web: {{ address: "127.0.0.1:{port}" }} }}
providers: {{ file: {{ filename: {run}/routes.yaml }} }}
global: {{ checkNewVersion: false, sendAnonymousUsage: false }}
"""
ROUTES_OF_TRAEFIK = """
http:
  routers: {{ all: {{ rule: "PathPrefix(`/`)", service: app, middlewares: [ask] }} }}
  middlewares: {{ ask: {{ forwardAuth: {{ address: "http://127.0.0.1:{decide}/", authResponseHeaders: [X-Garant-User] }} }} }}
  services: {{ app: {{ loadBalancer: {{ servers: [ {{ url: "http://127.0.0.1:{upstream}" }} ] }} }} }}
"""


@dataclass
class Variant:
    """One proxy to load. `pids`: whose CPU counts."""

    name: str
    port: int
    pids: list[int]
    keys: int = KEYS
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)


def cpu(pids: list[int]) -> float:
    """Seconds of CPU used so far."""
    total = 0
    for pid in pids:
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(words[11]) + int(words[12])
    return total / TICK


def verify(variant: Variant) -> None:
    """A request gets the upstream's answer: nobody is measured refusing. Traefik listens before it has read its routes."""

    def passes() -> bool:
        link = http.client.HTTPConnection("127.0.0.1", variant.port, timeout=20)
        link.request("GET", "/dossiers/liste", headers={"Host": HOST, "Cookie": f"__Host-sid={FIRST}"})
        answer = link.getresponse()
        said = (answer.status, answer.read())
        link.close()
        return said == (200, b"ok\n")

    until(passes, limit=20, what=f"an answer of the upstream through {variant.name}")


def load(variant: Variant, script: Path) -> None:
    """One round; refuses a round with errors, or in which a busy machine let nothing through."""
    began = cpu(variant.pids)
    said = subprocess.run(
        ["wrk", "-t1", "-c32", f"-d{SECONDS}s", "--latency", "-s", str(script), f"http://127.0.0.1:{variant.port}/"],
        capture_output=True,
        text=True,
        timeout=SECONDS + 30,
        check=True,
    ).stdout
    used = cpu(variant.pids) - began
    assert "Non-2xx" not in said, f"{variant.name}: {said}"
    assert "Socket errors" not in said, f"{variant.name}: {said}"
    assert " 0 requests in" not in said, f"{variant.name}: {said}"
    count = int(re.search(r"(\d+) requests in", said).group(1))  # type: ignore[union-attr]
    variant.rates.append(float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1)))  # type: ignore[union-attr]
    variant.costs.append(used / count * 1e6)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    assert late is not None
    variant.slowest.append(float(late.group(1)) * {"us": 1, "ms": 1000, "s": 1e6}[late.group(2)])


class Bench:
    """Everything that the variants need, in one scratch directory."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.run = Path(tempfile.mkdtemp(prefix="garant-bench-"))
        stack.callback(shutil.rmtree, self.run, ignore_errors=True)
        self.upstream = free_port()
        self.nginx("upstream", self.upstream, 'location / { return 200 "ok\\n"; }')
        self.collector = free_port()
        self.swallow()

    def start(self, *command: str, **environment: str) -> int:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
        self.stack.callback(process.wait, 10)
        self.stack.callback(process.terminate)
        return process.pid

    def nginx(self, name: str, port: int, server: str, upstreams: str = "") -> list[int]:
        path = self.run / f"{name}.conf"
        path.write_text(NGINX.format(run=self.run, name=name, port=port, server=server, upstreams=upstreams))
        pid = self.start("nginx", "-c", str(path))
        until(lambda: listening(port), what=name)
        return [pid, *children(pid)]

    def swallow(self) -> None:
        """A collector that reads and forgets: what HAProxy spends on logs is measured, not the collector."""
        listener = socket.create_server(("127.0.0.1", self.collector))
        code = (
            "import socket;s=socket.socket(fileno=0)\nwhile True:\n c,_=s.accept()\n try:\n"
            "  while c.recv(1<<20): pass\n except OSError: pass"
        )
        process = subprocess.Popen([sys.executable, "-c", code], stdin=listener.fileno())
        listener.close()
        self.stack.callback(process.wait, 5)
        self.stack.callback(process.kill)

    def plain(self, *, log: bool) -> Variant:
        name, port = ("plain + log" if log else "plain"), free_port()
        compiled = compile_haproxy(self.plan(port, log=True))
        ring = re.search(r"^ring access\n(?:    .*\n)+", compiled, re.M).group(0) if log else ""  # type: ignore[union-attr]
        line = "log ring@access len 4096 format raw local0\n    option httplog" if log else ""
        path = self.run / f"{name.replace(' ', '')}.cfg"
        path.write_text(PLAIN.format(run=self.run, name=path.stem, ring=ring, upstream=self.upstream, port=port, log=line))
        pid = self.start("haproxy", "-f", str(path))
        until(lambda: listening(port), what=name)
        return Variant(name, port, [pid])

    def plan(self, port: int, *, log: bool) -> Plan:
        return Plan(
            run=str(self.run / f"edge{port}"),
            base=BASE,
            https=port,
            http=free_port(),
            application=f"127.0.0.1:{self.upstream}",
            decide=f"127.0.0.1:{self.upstream}",
            web=f"127.0.0.1:{self.upstream}",
            collector=self.collector,
            routes=ROUTES,
            connect4="127.0.0.1",
            connect6="",
            threads=1,
            log=log,
        )

    def edge(self, name: str, *, log: bool, keys: int = KEYS) -> tuple[Variant, Runtime]:
        """The compiled configuration with every line of it but the TLS of its listener."""
        port = free_port()
        plan = self.plan(port, log=log)
        places = Places(Path(plan.run))
        (places.run / "pages").mkdir(parents=True)
        for file, data in page_files().items():
            (places.run / "pages" / file).write_bytes(data)
        addresses = rules(saint_elan=[("allow", "127.0.0.0/8", "public login member"), ("deny", "192.0.2.0/24", "member")])
        for path, text in Lists(HOSTS, addresses).texts(places).items():
            path.write_text(text)
        places.routes.write_text(map_text(compile_routes(plan.routes)))
        lua = Path(__file__).parents[2] / "src/garant/edge/decisions.lua"
        (places.run / "decisions.lua").write_text(lua.read_text() + FILL)
        text = re.sub(r" ssl crt \S+ alpn \S+ curves \S+", "", compile_haproxy(plan))
        places.configuration.write_text(text)
        pid = self.start("haproxy", "-f", str(places.configuration))
        until(lambda: listening(port) and places.runtime.exists(), what=name)
        runtime = Runtime(places.runtime, limit=300)
        fill(runtime, keys)
        return Variant(name, port, [pid], keys), runtime

    def peers(self) -> list[Variant]:
        """nginx, Caddy and Traefik, each before a bare server of its own; when they cannot be had, that is told."""
        place = self.run / "peers"
        install = [place / "bin/python", "-m", "pip", "install", "-q", "--require-hashes", "-r", ROOT / "requirements-bench.lock"]
        try:
            subprocess.run([sys.executable, "-m", "venv", place], check=True, capture_output=True)
            subprocess.run(install, check=True, capture_output=True, timeout=300)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"not measured: nginx auth_request, Caddy, Traefik (requirements-bench.lock cannot be installed: {error})")
            return []
        return [self.auth_request(place), self.caddy(place), self.traefik(place)]

    def bare(self, place: Path) -> tuple[int, int]:
        """A server that says yes to everything: its port and process."""
        port = free_port()
        pid = self.start(str(place / "bin/python"), "-c", BARE, str(port))
        until(lambda: listening(port), limit=30, what="uvloop")
        return port, pid

    def caddy(self, place: Path) -> Variant:
        (decide, bare), port, path = self.bare(place), free_port(), self.run / "Caddyfile"
        path.write_text(CADDY.format(port=port, decide=decide, upstream=self.upstream))
        home = {"HOME": str(self.run), "GOMAXPROCS": "1"}
        pid = self.start(str(place / "bin/caddy"), "run", "--adapter", "caddyfile", "--config", str(path), **home)
        until(lambda: listening(port), limit=30, what="Caddy")
        return Variant("Caddy forward_auth + bare uvloop", port, tree(pid, bare))

    def traefik(self, place: Path) -> Variant:
        (decide, bare), port = self.bare(place), free_port()
        values = {"run": self.run, "port": port, "decide": decide, "upstream": self.upstream}
        (self.run / "routes.yaml").write_text(ROUTES_OF_TRAEFIK.format(**values))
        (self.run / "traefik.yaml").write_text(TRAEFIK.format(**values))
        pid = self.start(str(place / "bin/traefik"), f"--configFile={self.run}/traefik.yaml", GOMAXPROCS="1")
        until(lambda: listening(port), limit=30, what="Traefik")
        return Variant("Traefik forwardAuth + bare uvloop", port, tree(pid, bare))

    def auth_request(self, place: Path) -> Variant:
        (decide, bare), port = self.bare(place), free_port()
        upstreams = (
            f"upstream app {{ server 127.0.0.1:{self.upstream}; keepalive 64; }} "
            f"upstream decide {{ server 127.0.0.1:{decide}; keepalive 64; }}"
        )
        server = (
            "location / { auth_request /_decide; auth_request_set $u $upstream_http_x_garant_user; proxy_set_header x-garant-user $u;"
            ' proxy_http_version 1.1; proxy_set_header connection ""; proxy_pass http://app; }'
            ' location = /_decide { internal; proxy_pass_request_body off; proxy_set_header content-length ""; proxy_http_version 1.1;'
            ' proxy_set_header connection ""; proxy_pass http://decide; }'
        )
        return Variant("nginx auth_request + bare uvloop", port, [*self.nginx("auth", port, server, upstreams), bare])


def fill(runtime: Runtime, keys: int) -> None:
    """So many decisions, in portions: HAProxy ends a command whose Lua has worked for 4 s."""
    issued = int(time.time() * 1000)
    for first in range(1, keys + 1, PORTION):
        said = runtime.ask(f"garant fill {first} {min(first + PORTION - 1, keys)} {issued}")
        assert said == "filled", f"HAProxy took {runtime.ask('garant count')} of {keys} decisions: {said!r}"
    assert runtime.ask("garant count") == str(keys)


def tree(*pids: int) -> list[int]:
    """These processes and all below them."""
    return [each for pid in pids for each in (pid, *tree(*children(pid)))]


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def report(variants: list[Variant]) -> None:
    print(f"\nHAProxy {version()}, {KEYS:,} decisions, {ROUNDS} rounds of {SECONDS} s, {os.cpu_count()} cores")
    print("load of the machine, 1 and 5 minutes: {:.1f} {:.1f}".format(*os.getloadavg()))
    print(f"{'variant':<36}{'rps':>9}{'ratio':>7}{'min-max':>17}{'us/req':>8}{'ratio':>7}{'p99 us':>8}")
    base = variants[0]
    rate, cost = statistics.median(base.rates), statistics.median(base.costs)
    for variant in variants:
        here, spent = statistics.median(variant.rates), statistics.median(variant.costs)
        spread = f"{min(variant.rates):,.0f}-{max(variant.rates):,.0f}"
        print(
            f"{variant.name:<36}{here:>9,.0f}{here / rate:>7.2f}{spread:>17}{spent:>8.1f}{spent / cost:>7.2f}"
            f"{statistics.median(variant.slowest):>8,.0f}"
        )


def main() -> None:
    with ExitStack() as stack:
        bench = Bench(stack)
        scripts = {}
        for keys in {KEYS, MANY}:
            scripts[keys] = bench.run / f"load{keys}.lua"
            scripts[keys].write_text(WRK % {"keys": keys, "sid": SID, "host": HOST})
        quiet, _ = bench.edge("hit", log=False)
        revoked, runtime = bench.edge("hit, revoked", log=False)
        whole, whole_runtime = bench.edge("hit + log, revoked", log=True)
        runtimes = [runtime, whole_runtime]
        variants = [bench.plain(log=False), bench.plain(log=True), quiet, revoked, whole]
        if MANY:
            many, many_runtime = bench.edge(f"hit, revoked, {MANY:,}", log=False, keys=MANY)
            variants.append(many)
            runtimes.append(many_runtime)
        for api in runtimes:
            time.sleep(0.01)
            assert api.ask(f"garant revoke u:somebody-else {int(time.time() * 1000)}") == "revoked"
        variants += bench.peers() if PEERS else []
        for variant in variants:
            verify(variant)
        for _ in range(ROUNDS):
            for variant in variants:
                load(variant, scripts[variant.keys])
        report(variants)


if __name__ == "__main__":
    main()
