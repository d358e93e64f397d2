"""HTTP and WebSocket as bytes, for tests: nothing that a library would mend or hide."""
import base64
import hashlib
import json
import os
import socket
import struct

from harness import PATIENCE, Talk

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Bytes:
    """A connection to HOST:PORT that reads exactly what it is asked for."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.address = address
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)
        self.bytes = b""

    def close(self):
        self.socket.close()

    def put_bytes(self, data):
        self.socket.sendall(data)

    def more(self):
        """False at the end of input."""
        try:
            got = self.socket.recv(65536)
        except ConnectionResetError:
            got = b""
        self.bytes += got
        return bool(got)

    def take(self, size):
        while len(self.bytes) < size:
            if not self.more():
                raise EOFError(f"{len(self.bytes)} of {size} bytes: {self.bytes[:200]!r}")
        taken, self.bytes = self.bytes[:size], self.bytes[size:]
        return taken

    def until(self, end):
        while end not in self.bytes:
            if not self.more():
                raise EOFError(f"no {end!r} in {self.bytes[:200]!r}")
        return self.take(self.bytes.index(end) + len(end))

    def has_ended(self):
        """No byte comes any more."""
        return not self.bytes and not self.more()


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def __repr__(self):
        return f"{self.status} {self.fields} {self.body[:300]!r}"

    def json(self):
        return json.loads(self.body)

    def lines(self):
        return [json.loads(line) for line in self.body.splitlines()]


class Http(Bytes):
    """A connection that speaks HTTP/1.1."""

    def head(self, method, path, fields):
        fields = {"Host": self.address, **fields}
        lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in fields.items() if value is not None]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def answer(self, method="GET"):
        """The next answer (100 Continue is one, too)."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        fields = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:] if line)}
        no_body = method == "HEAD" or status in (100, 101, 204, 304)
        return Answer(status, fields, b"" if no_body else self.take(int(fields["content-length"])))

    def ask(self, method, path, body=None, token=None, **fields):
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        if body is not None:
            fields.setdefault("Content-Length", str(len(body)))
        if token:
            fields["Authorization"] = "Bearer " + token
        self.put_bytes(self.head(method, path, fields) + (body or b""))
        return self.answer(method)

    def post(self, message, token=None, **fields):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        fields.setdefault("Content_Type", "application/json")
        return self.ask("POST", "/api", body, token, **fields)


class Socket(Talk, Bytes):
    """A WebSocket. Messages are strings; a close frame ends it and leaves its code."""

    def __init__(self, address, path="/ws", http=None, **fields):
        """On a connection of its own, or of `http`."""
        if http:
            self.__dict__ = http.__dict__
        else:
            super().__init__(address)
            http = Http.__new__(Http)
            http.__dict__ = self.__dict__
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        self.put_bytes(http.head("GET", path, {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                                          "Sec-WebSocket-Key": key, **fields}))
        self.handshake = http.answer()
        self.code, self.reason, self.events = None, None, []
        if self.handshake.status == 101:
            seal = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            assert self.handshake.fields["sec-websocket-accept"] == base64.b64encode(seal).decode(), self.handshake

    def frame(self, data, opcode=TEXT, final=True, reserved=0):
        mask = os.urandom(4)
        size = len(data)
        head = struct.pack(">BB", final << 7 | reserved << 4 | opcode, 0x80 | min(size, 126 if size < 65536 else 127))
        if size >= 126:
            head += struct.pack(">H" if size < 65536 else ">Q", size)
        return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))

    def put(self, data, opcode=TEXT, **how):
        self.put_bytes(self.frame(data if isinstance(data, bytes) else data.encode(), opcode, **how))

    def next_frame(self):
        """(opcode, payload, final)"""
        first, second = self.take(2)
        assert second < 128, "a server does not mask"
        size = second
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return first & 15, self.take(size), bool(first & 128)

    def send(self, message):
        self.put(json.dumps(message))

    def message(self):
        message = self.text()
        return None if message is None else json.loads(message)

    def text(self):
        """The next message as it came; None once it is closed. Pings are answered."""
        while True:
            opcode, data, final = self.next_frame()
            if opcode == CLOSE:
                self.code = struct.unpack(">H", data[:2])[0] if data else 1005
                self.reason = data[2:].decode()
                return None
            if opcode == PING:
                self.put(data, PONG)
            elif opcode in (TEXT, BINARY):
                assert final, "messages are sent whole"
                return data.decode() if opcode == TEXT else data
