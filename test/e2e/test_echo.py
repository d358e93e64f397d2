"""The echo that a build for conformance suites has (script/build --echo): what a WebSocket or HTTP carries comes back as it was.
TRIMTAB_ECHO is that program."""
import os
import unittest

from harness import Case
from web import BINARY, CONTINUATION, PING, PONG, TEXT, Http, Socket

ECHO = os.environ.get("TRIMTAB_ECHO")


class Echo(Case):
    def setUp(self):
        super().setUp()
        self.assertTrue(ECHO, "TRIMTAB_ECHO is to name build-echo/trimtab (script/build --echo)")
        server = self.start(ECHO, "serve", "--run", self.run_folder, "--listen", "127.0.0.1:0")
        self.wait_address(server)

    def socket(self):
        socket = Socket(self.address(), "/echo")
        self.addCleanup(socket.close)
        return socket

    def test_messages_of_every_length(self):
        socket = self.socket()
        for size in (0, 1, 125, 126, 127, 65535, 65536, 3_000_000):
            for opcode, data in ((BINARY, os.urandom(size)), (TEXT, "é".encode() * (size // 2))):
                socket.put(data, opcode)
                self.assertEqual(socket.next_frame(), (opcode, data, True))

    def test_fragments_with_control_frames_between(self):
        socket = self.socket()
        socket.put("grü".encode()[:3], TEXT, final=False)
        for part in ("ü".encode()[1:], b"", "ße".encode()):
            socket.put(b"p", PING)
            self.assertEqual(socket.next_frame(), (PONG, b"p", True))
            socket.put(part, CONTINUATION, final=False)
        socket.put(b"", CONTINUATION)
        self.assertEqual(socket.next_frame(), (TEXT, "grüße".encode(), True))

    def test_many_small_ones_in_one_write(self):
        socket = self.socket()
        socket.put_bytes(b"".join(socket.frame(str(i).encode()) for i in range(5000)))
        self.assertEqual([socket.text() for _ in range(5000)], [str(i) for i in range(5000)])

    def test_bodies(self):
        http = Http(self.address())
        self.addCleanup(http.close)
        for method in ("POST", "PUT", "GET"):
            body = os.urandom(100_000)
            self.assertEqual(http.ask(method, "/", body).body, body)
        http.put_bytes(http.head("POST", "/", {"Transfer-Encoding": "chunked"}) + b"3\r\nabc\r\n0a\r\n0123456789\r\n0\r\n\r\n")
        self.assertEqual(http.answer().body, b"abc0123456789")
        self.assertEqual(http.ask("GET", "/").body, b"")


if __name__ == "__main__":
    unittest.main()
