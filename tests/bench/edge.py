"""What a hit costs, beside plain HAProxy in the same run: `garant bench edge`.

Same upstream (nginx, one worker), plain HTTP, one thread per proxy, 32 keepalive connections, random sessions over the whole key space,
five ordinary headers. Rounds are interleaved; medians. CPU per request (utime + stime of the worker) is the sturdier figure.

    plain            HAProxy, pass-through
    plain + log      the same with the access log of the compiled configuration
    hit              the compiled configuration, 100,000 live decisions, every revocation older than they are
    hit, revoked     the same, a revocation of somebody newer than every decision: each hit looks three subjects up
    hit + log        the compiled configuration whole
    nginx            `auth_request` to a bare uvloop server that decides nothing (when uvloop is installed)

Environment: GARANT_BENCH_SECONDS (3), GARANT_BENCH_ROUNDS (3), GARANT_BENCH_KEYS (100000).
"""

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
core.register_cli({{"garant", "fill"}}, "garant fill <count> <ms>", function(a, _, _, n, ms)
  local dies = now().sec + 3600
  for i = 1, tonumber(n) do
    local sid = sid(i)
    local user = string.format("7d1f5f0e-5a52-4d3d-9a37-%012d", i)
    put("{HOST}|127.0.0.1|" .. sid,
        {{user .. "|member,editor|{ASSERTION}", dies, tonumber(ms), "s:" .. sid, "u:" .. user, "t:saint-elan", os.time() + 3600}})
    if i % 5000 == 0 then core.yield() end
  end
  a:send("filled\\n")
end)
"""
WRK = f"""
math.randomseed(os.time())
{SID}
local n = {KEYS}
request = function()
  return wrk.format("GET", "/dossiers/liste", {{["Host"]="{HOST}", ["User-Agent"]="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    ["Accept"]="text/html", ["Accept-Language"]="fr-CA,fr;q=0.8", ["Accept-Encoding"]="gzip, br",
    ["Cookie"]="theme=sombre; __Host-sid=" .. sid(math.random(n))}})
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


@dataclass
class Variant:
    """One proxy to load. `pids`: whose CPU counts."""

    name: str
    port: int
    pids: list[int]
    before: object = None
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

    def start(self, *command: str) -> int:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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

    def edge(self, name: str, *, log: bool) -> tuple[Variant, Runtime]:
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
        runtime = Runtime(places.runtime, limit=60)
        assert runtime.ask(f"garant fill {KEYS} {int(time.time() * 1000)}") == "filled"
        assert runtime.ask("garant count") == str(KEYS)
        return Variant(name, port, [pid]), runtime

    def auth_request(self) -> Variant | None:
        try:
            subprocess.run([sys.executable, "-c", "import uvloop"], check=True, capture_output=True)
        except subprocess.CalledProcessError:
            return None
        decide, port = free_port(), free_port()
        bare = self.start(sys.executable, "-c", BARE, str(decide))
        until(lambda: listening(decide), what="uvloop")
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


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def report(variants: list[Variant]) -> None:
    print(f"\nHAProxy {version()}, {KEYS:,} decisions, {ROUNDS} rounds of {SECONDS} s, {os.cpu_count()} cores")
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
        script = bench.run / "load.lua"
        script.write_text(WRK)
        quiet, _ = bench.edge("hit", log=False)
        revoked, runtime = bench.edge("hit, revoked", log=False)
        whole, whole_runtime = bench.edge("hit + log, revoked", log=True)
        for api in (runtime, whole_runtime):
            time.sleep(0.01)
            assert api.ask(f"garant revoke u:somebody-else {int(time.time() * 1000)}") == "revoked"
        variants = [bench.plain(log=False), bench.plain(log=True), quiet, revoked, whole]
        peer = bench.auth_request()
        variants += [peer] if peer else []
        for _ in range(ROUNDS):
            for variant in variants:
                load(variant, script)
        report(variants)


if __name__ == "__main__":
    main()
