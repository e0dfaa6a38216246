# SPDX-License-Identifier: GPL-2.0-or-later
"""socks_proxy: the connection is made by Exim's own code, through a proxy; TLS and verdict are as ever."""
import socket
import socketserver
import threading

import pytest


class Proxy(socketserver.ThreadingTCPServer):
    """SOCKS 5 (RFC 1928) without authentication, CONNECT to IPv4; keeps where it was asked to go."""
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Dialogue)
        self.answer, self.targets = answer, []


class Dialogue(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(262)
        self.request.sendall(b"\x05\x00")
        request = self.request.recv(10)
        target = socket.inet_ntoa(request[4:8]), int.from_bytes(request[8:10], "big")
        self.server.targets.append((request[:4], target))
        if self.server.answer != 0:
            self.request.sendall(bytes([5, self.server.answer, 0, 1]) + bytes(6))
            return
        with socket.create_connection(target, 10) as peer:
            self.request.sendall(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=pump, args=(peer, self.request), daemon=True)
            back.start()
            pump(self.request, peer)
            back.join(10)


def pump(source, sink):
    try:
        while octets := source.recv(65536):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def proxy(request):
    server = Proxy(request.param)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def send(world, sender, proxy, domain):
    mail = sender(driver="danesmtp", options={
        "dane_trust_anchor_file": world.trust_anchor,
        "socks_proxy": f"127.0.0.1 port={proxy.server_address[1]}"})
    return mail, mail.send(f"bob@{domain}")


@pytest.mark.parametrize("proxy", [0], indirect=True)
def test_delivery_through_a_proxy(world, sender, proxy):
    mail, message_id = send(world, sender, proxy, "ee.lab")
    (line,) = [line for line in mail.log_lines(message_id) if " => " in line]
    assert " CV=dane " in line and "[192.0.2.10]" in line
    assert proxy.targets == [(b"\x05\x01\x00\x01", ("192.0.2.10", 25))]


@pytest.mark.parametrize("proxy", [0], indirect=True)
def test_impostor_behind_a_proxy(world, sender, proxy):
    mail, message_id = send(world, sender, proxy, "impostor.lab")
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}
    assert "no TLSA record matches" in mail.mainlog() and len(proxy.targets) == 1


@pytest.mark.parametrize("proxy", [5], indirect=True)
def test_proxy_that_refuses(world, sender, proxy):
    mail, message_id = send(world, sender, proxy, "ee.lab")
    assert mail.queue() == {message_id: ["bob@ee.lab"]}
    assert "T:mx.ee.lab" in mail.retry_records()
