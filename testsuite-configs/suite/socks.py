# SPDX-License-Identifier: GPL-2.0-or-later
"""A SOCKS 5 proxy (RFC 1928) without authentication that connects to IPv4, or says that it cannot."""
import contextlib
import socket
import socketserver
import threading


class Proxy(socketserver.ThreadingTCPServer):
    """Runs until stop(). `answer` is the reply code: 0 connects. `asked` is what it was asked for."""
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), _Dialogue)
        self.answer, self.asked = answer, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class _Dialogue(socketserver.BaseRequestHandler):
    def handle(self):
        greeting = self.request.recv(2)
        self.request.recv(greeting[1])
        self.request.sendall(b"\x05\x00")
        request = self.request.recv(10)
        target = socket.inet_ntoa(request[4:8]), int.from_bytes(request[8:10], "big")
        self.server.asked.append("CONNECT {}:{}".format(*target))
        with contextlib.ExitStack() as open_sockets:
            if self.server.answer == 0:
                peer = open_sockets.enter_context(socket.create_connection(target, 10))
            self.request.sendall(bytes([5, self.server.answer, 0, 1]) + bytes(6))
            if self.server.answer == 0:
                _join(self.request, peer)


def _join(client, peer):
    back = threading.Thread(target=_pump, args=(peer, client), daemon=True)
    back.start()
    _pump(client, peer)
    back.join(10)


def _pump(source, sink):
    with contextlib.suppress(OSError):
        while octets := source.recv(65536):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)
