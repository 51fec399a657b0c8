"""A link that can be cut: what arrives at its port is carried to another address, until then."""

import socket
import threading


class Link:
    """Carries TCP connections to `target`; `cut` ends them and refuses new ones."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._carried: list[socket.socket] = []

    def __enter__(self) -> "Link":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def cut(self) -> None:
        """Nothing passes any more."""
        for each in (self._listening, *self._carried):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._carried += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket) -> None:
        try:
            while some := source.recv(65536):
                sink.sendall(some)
        except OSError:
            return
