"""Servers of other people, unchanged, to put behind the edge: Radicale (CalDAV), and an echo over WebSocket and HTTP."""

import hashlib
import subprocess
import sys
import tempfile
import threading
from asyncio import new_event_loop, run_coroutine_threadsafe
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection

from aiohttp import WSMsgType, web

from support.edge import free_port, until


def _accepts(port: int) -> bool:
    with suppress(OSError), create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextmanager
def radicale() -> Iterator[int]:
    """A Radicale as its package gives it, on a port of the loopback; calendars in a directory of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="radicale-") as folder, Path(folder, "log").open("wb") as log:
        options = ["--config", "", "--auth-type", "none", "--rights-type", "authenticated", "--server-max-content-length", "500000000"]
        options += ["--server-hosts", f"127.0.0.1:{port}", "--storage-filesystem-folder", f"{folder}/calendars"]
        process = subprocess.Popen([sys.executable, "-m", "radicale", *options], stdout=log, stderr=log)
        try:
            until(lambda: _accepts(port) or process.poll() is not None, limit=30, what="Radicale")
            assert process.poll() is None, Path(folder, "log").read_text(encoding="utf-8")
            yield port
        finally:
            process.kill()
            process.wait(10)


async def _echo(request: web.Request) -> web.WebSocketResponse:
    answer = web.WebSocketResponse()
    await answer.prepare(request)
    async for message in answer:
        if message.type == WSMsgType.TEXT:
            await answer.send_str(message.data)
    return answer


async def _digest(request: web.Request) -> web.Response:
    size, sha256 = 0, hashlib.sha256()
    async for chunk in request.content.iter_chunked(1 << 18):
        size += len(chunk)
        sha256.update(chunk)
    return web.Response(text=f"{size} {sha256.hexdigest()}")


@contextmanager
def websocket_echo() -> Iterator[int]:
    """An aiohttp server that says back every text of a WebSocket at `/ws`, and the size and SHA-256 of what `/digest` gets."""
    port, loop = free_port(), new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    application = web.Application()
    application.router.add_get("/ws", _echo)
    application.router.add_post("/digest", _digest)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()

    run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield port
    finally:
        run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
