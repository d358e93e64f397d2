"""Many connections in one thread."""
import json
import selectors
import socket
import time

from harness import PATIENCE


class Member:
    """One of a crowd: what it has been told, line by line."""

    def __init__(self, address, small=False):
        host, port = address.rsplit(":", 1)
        self.socket = socket.socket()
        if small:  # little may wait for it in the kernel
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(PATIENCE)
        self.socket.connect((host, int(port)))
        self.rest, self.lines, self.looked_at, self.ended = b"", [], 0, False

    def send(self, message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def take(self):
        """Reads what there is."""
        try:
            data = self.socket.recv(262144)
        except ConnectionResetError:
            data = b""
        self.ended = not data
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.lines += lines

    def has_come_to(self, text):
        """Looks at each line once."""
        while self.looked_at < len(self.lines):
            if text in self.lines[self.looked_at]:
                return True
            self.looked_at += 1
        return False

    def messages(self):
        return [json.loads(line) for line in self.lines]

    def replies(self):
        return [message for message in self.messages() if "event" not in message]


class Crowd:
    def __init__(self, address, count, small=False):
        self.members = [Member(address, small) for _ in range(count)]

    def __iter__(self):
        return iter(self.members)

    def send(self, message):
        for member in self.members:
            member.send(message)

    def close(self):
        for member in self.members:
            member.socket.close()

    def read_until(self, is_done, what):
        """Reads for each until is_done(member); whoever is done is left alone."""
        with selectors.DefaultSelector() as selector:
            for member in self.members:
                if not is_done(member):
                    selector.register(member.socket, selectors.EVENT_READ, member)
            until = time.monotonic() + PATIENCE
            while selector.get_map():
                for key, _ in selector.select(timeout=1):
                    key.data.take()
                    if is_done(key.data):
                        selector.unregister(key.fileobj)
                    elif key.data.ended:
                        raise AssertionError(f"a connection ended while waiting for {what}: {key.data.lines[-1:]}")
                    until = time.monotonic() + PATIENCE
                if time.monotonic() > until:
                    raise AssertionError(f"{len(selector.get_map())} waited in vain for {what}")

    def read_replies(self, count=1):
        """Until each has so many lines that are no events; for those that do not subscribe."""
        self.read_until(lambda member: len(member.lines) >= count, f"{count} replies")
