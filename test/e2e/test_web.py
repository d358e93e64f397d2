"""HTTP and WebSocket on the same port: what is answered, with which status, to whom; and what hostile bytes get."""
import json
import re
import subprocess
import threading

from harness import ROOT, Case, wait_for
from web import BINARY, CLOSE, PING, PONG, TEXT, Http, Socket

CASES = ROOT / "test" / "cases" / "http" / "head"


def read_case(path):
    """The status in its first line, None where it is a sound head; and the bytes: escapes, \\(N:TEXT) is N times TEXT, no line ends."""
    first, *rest = path.read_text().split("\n")
    status = first.split(" ")[0]
    text = re.sub(r"\\\((\d+):([^)]*)\)", lambda many: many[2] * int(many[1]), "".join(rest))
    return int(status) if status.isdigit() else None, text.encode("latin-1").decode("unicode_escape").encode("latin-1")


class Web(Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def http(self):
        connection = Http(self.address())
        self.addCleanup(connection.close)
        return connection

    def socket(self, path="/ws", **fields):
        connection = Socket(self.address(), path, **fields)
        self.addCleanup(connection.close)
        return connection

    def alive(self):
        self.assertEqual(self.http().ask("GET", "/healthz").json(), {"state": "waiting"})


class Page(Web):
    def test_the_page_and_its_files(self):
        http = self.http()
        page = http.ask("GET", "/")
        self.assertEqual((page.status, page.fields["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(page.fields["content-security-policy"], "default-src 'self'; frame-ancestors 'none'")
        self.assertEqual((page.fields["x-content-type-options"], page.fields["referrer-policy"]), ("nosniff", "no-referrer"))
        self.assertEqual(page.body, (ROOT / "web" / "index.html").read_bytes())
        for name in ("main.js", "style.css", "uplot.js", "icon.svg"):
            with self.subTest(name):
                self.assertEqual(http.ask("GET", "/" + name).status, 200)

    def test_what_is_known_is_not_sent_again(self):
        http = self.http()
        tag = http.ask("GET", "/").fields["etag"]
        again = http.ask("GET", "/", If_None_Match=tag)
        self.assertEqual((again.status, again.fields["etag"]), (304, tag))
        self.assertEqual(http.ask("GET", "/", If_None_Match=f'"other", W/{tag}').status, 304)
        self.assertEqual(http.ask("GET", "/", If_None_Match='"other"').status, 200)

    def test_head_has_the_fields_and_no_body(self):
        http = self.http()
        body = http.ask("GET", "/")
        head = http.ask("HEAD", "/")
        self.assertEqual((head.status, head.fields["content-length"], head.fields["etag"]),
                         (200, str(len(body.body)), body.fields["etag"]))
        self.assertEqual(http.ask("GET", "/healthz").json(), {"state": "waiting"})

    def test_no_path_leaves_the_program(self):
        http = self.http()
        for path in ("/../etc/passwd", "/%2e%2e/etc/passwd", "//etc/passwd", "/main.js/", "/index.html%00", "/nothing", "/./main.js"):
            with self.subTest(path):
                self.assertEqual(http.ask("GET", path).status, 404)

    def test_methods(self):
        http = self.http()
        for method, path, status in (("POST", "/", 405), ("DELETE", "/main.js", 405), ("PUT", "/metrics", 405), ("OPTIONS", "/api", 405),
                                     ("GET", "/api", 405), ("TRACE", "/", 405), ("POST", "/ws", 405), ("get", "/", 405)):
            with self.subTest((method, path)):
                answer = http.ask(method, path)
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.fields["allow"], {"/api": "POST", "/ws": "GET"}.get(path, "GET, HEAD"))
                self.assertNotIn("access-control-allow-origin", answer.fields)

    def test_requests_in_a_row_are_answered_in_order(self):
        http = self.http()
        http.put_bytes(http.head("GET", "/main.js", {}) + http.head("GET", "/healthz", {}) + http.head("HEAD", "/", {}) + http.head("GET", "/x", {}))
        self.assertEqual([http.answer().fields["content-type"], http.answer().json(), http.answer("HEAD").status, http.answer().status],
                         ["text/javascript; charset=utf-8", {"state": "waiting"}, 200, 404])

    def test_an_old_client_is_answered_and_left(self):
        http = self.http()
        http.put_bytes(f"GET /healthz HTTP/1.0\r\nHost: {self.address()}\r\n\r\n".encode())
        self.assertEqual(http.answer().fields["connection"], "close")
        self.assertTrue(http.has_ended())

    def test_metrics_are_what_prometheus_reads(self):
        trainer = self.train("--steps", 50, "--step-us", 100)
        trainer.wait()
        self.wait_status(self.connect(), "all points", lambda s: s["run"]["state"] == "finished")
        answer = self.http().ask("GET", "/metrics")
        self.assertEqual(answer.fields["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        text = answer.body.decode()
        self.assertRegex(text, r'(?m)^trimtab_series_last\{series="toy/value".*\} ')
        self.assertRegex(text, r'(?m)^trimtab_run_state\{state="finished"\} 1$')
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))


class Strangers(Web):
    def test_a_host_that_is_not_ours(self):
        http = self.http()
        port = self.address().rsplit(":", 1)[1]
        for host in ("localhost", "localhost:1", "LOCALHOST:" + port, "127.0.0.1", "127.9.9.9:80", "[::1]:7342", self.address()):
            with self.subTest(host):
                self.assertEqual(http.ask("GET", "/healthz", Host=host).status, 200)
        for host in ("evil.example", "evil.example:" + port, "localhost.evil.example", "127.0.0.1.evil.example", "0x7f000001", "10.0.0.1",
                     "[::2]", "127.1"):
            with self.subTest(host):
                answer = self.http().ask("GET", "/", Host=host)
                self.assertEqual((answer.status, answer.json()["CodeError"]), (403, 44))

    def test_a_host_that_was_allowed(self):
        self.end(self.server)
        self.serve("--host", "trimtab.lab.example")
        self.assertEqual(self.http().ask("GET", "/healthz", Host="TrimTab.lab.example:443").status, 200)
        self.assertEqual(self.http().ask("GET", "/healthz", Host="other.lab.example").status, 403)

    def test_a_page_of_another_origin(self):
        port = self.address().rsplit(":", 1)[1]
        for origin in (f"http://127.0.0.1:{port}", f"http://localhost:{port}", f"https://localhost:{port}"):
            with self.subTest(origin):
                self.assertEqual(self.http().post({"code": 2}, Origin=origin).status, 200)
        for origin in ("null", "http://evil.example", f"http://evil.example:{port}", "http://127.0.0.1:1", "http://localhost", "file://",
                       f"ftp://localhost:{port}", "", f"http://localhost:{port}.evil.example", "http://"):
            with self.subTest(origin):
                self.assertEqual(self.http().post({"code": 2}, Origin=origin).status, 403)
                self.assertEqual(self.http().ask("GET", "/", Origin=origin).status, 403)
                self.assertEqual(self.socket(Origin=origin).handshake.status, 403)
        self.alive()

    def test_a_form_cannot_post(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None, "application/jsonp"):
            with self.subTest(kind):
                self.assertEqual(self.http().post({"code": 2}, Content_Type=kind).status, 415)
        self.assertEqual(self.http().post({"code": 2}, Content_Type="application/json; charset=utf-8").status, 200)

    def test_hostile_bytes(self):
        """Each case file is one connection's bytes; its first line says which status it gets."""
        files = sorted(CASES.glob("*.case"))
        self.assertGreater(len(files), 30)
        for path in files:
            expected, data = read_case(path)
            if expected is None or not data[:1].isalpha():
                continue  # the first byte chooses the protocol
            with self.subTest(path.name):
                http = self.http()
                http.put_bytes(data)
                self.assertEqual(http.answer().status, expected)
                self.assertTrue(http.has_ended())
        self.alive()


class Api(Web):
    def test_the_status_tells_of_the_error(self):
        http = self.http()
        for message, status, error in (({"code": 2}, 200, None), ({"code": 99}, 400, 41), (b"{", 400, 42), (b"", 400, 42), (b"[]", 400, 41),
                                       ({"code": 16, "x": 1}, 400, 43), ({"code": 16}, 409, 45), ({"code": 10, "text": "hello"}, 200, None),
                                       ({"code": 7, "series": ["none"]}, 400, 43), (b'{"code":2}\n', 200, None)):
            with self.subTest(message):
                answer = http.post(message)
                self.assertEqual((answer.status, answer.json().get("CodeError")), (status, error))
                self.assertEqual(answer.fields["content-type"], "application/json")

    def test_a_list_is_answered_in_lines(self):
        answer = self.http().post([{"code": 2, "id": 1}, {"code": 99, "id": 2}, {"code": 8, "id": 3}])
        self.assertEqual((answer.status, answer.fields["content-type"]), (200, "application/x-ndjson"))
        self.assertEqual({line["id"]: "result" in line for line in answer.lines()}, {1: True, 2: False, 3: True})
        refused = self.http().post([{"code": 2}, {"code": 2}])
        self.assertEqual((refused.status, refused.json()["Message"]), (400, "Many request with same code"))

    def test_what_needs_a_connection_that_stays(self):
        for code, more in ((1, {}), (5, {"topics": ["run"]}), (6, {})):
            answer = self.http().post({"code": code, **more})
            self.assertEqual((answer.status, answer.json()["CodeError"]), (400, 43))

    def test_bodies_in_chunks_and_after_continue(self):
        http = self.http()
        fields = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
        http.put_bytes(http.head("POST", "/api", fields) + b'5\r\n{"cod\r\n' + b'6;x=y\r\ne": 2}\r\n0\r\nTrailer: x\r\n\r\n')
        self.assertIn("time", http.answer().json()["result"])
        http.put_bytes(http.head("POST", "/api", {"Content-Type": "application/json", "Content-Length": "10", "Expect": "100-continue"}))
        self.assertEqual(http.answer().status, 100)
        http.put_bytes(b'{"code":2}')
        self.assertEqual(http.answer().status, 200)
        http.put_bytes(http.head("POST", "/nothing", {"Content-Length": "10", "Expect": "100-continue"}))
        self.assertEqual(http.answer().status, 404)

    def test_a_head_that_does_not_end(self):
        """It is told so after ten seconds, whatever has come by then."""
        slow = [self.http() for _ in range(3)]
        for http, size in zip(slow, (0, 1500, 12000)):
            http.put_bytes(b"HEAD /healthz HTTP/1.1\r\n")
            for _ in range(size // 1500):
                http.put_bytes(b"X: " + b"a" * 1490 + b"\r\n")
                self.alive()
        for http in slow:
            self.assertEqual(http.answer().status, 408)
            self.assertTrue(http.has_ended())

    def test_only_api_takes_long_bodies(self):
        self.assertEqual(self.http().ask("GET", "/healthz", b"x" * 4096).status, 200)
        self.assertEqual(self.http().ask("GET", "/healthz", b"x" * 4097).status, 413)

    def test_answers_that_are_not_read_are_not_made(self):
        http = self.http()
        many = http.head("GET", "/uplot.js", {}) * 200
        http.put_bytes(many)
        before = self.connect().result(11)["resident"]
        self.assertLess(before, 60e6)
        for _ in range(200):
            self.assertEqual(http.answer().status, 200)

    def test_a_body_that_is_too_long(self):
        http = self.http()
        http.put_bytes(http.head("POST", "/api", {"Content-Type": "application/json", "Content-Length": str(1 << 20 | 1)}))
        answer = http.answer()
        self.assertEqual((answer.status, answer.fields["connection"]), (413, "close"))
        self.assertEqual(self.http().post(b" " * ((1 << 20) - 10) + b'{"code":2}').status, 200)

    def test_an_outcome_is_waited_for(self):
        self.train("--step-us", 500)
        self.wait_attached(self.connect())
        http = self.http()
        answer = http.post({"code": 20, "settings": {"lr": 0.01}, "id": "a"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json()["result"]["settings"]["lr"]["effective"], 0.01)
        self.assertEqual(http.post({"code": 20, "settings": {"lr": -5}}).json()["CodeError"], 43)
        http.put_bytes(http.head("POST", "/api", {"Content-Type": "application/json", "Content-Length": "45"}) +
                  b'{"code":20,"settings":{"lr":0.02},"wait":30 }' + http.head("GET", "/healthz", {}))
        self.assertEqual(http.answer().json()["result"]["outcome"], "applied")
        self.assertEqual(http.answer().json(), {"state": "running"})

    def test_one_that_closes_its_side_still_gets_its_answer(self):
        http = self.http()
        body = b'{"code":8}'
        http.put_bytes(http.head("POST", "/api", {"Content-Type": "application/json", "Content-Length": str(len(body))}) + body)
        http.socket.shutdown(1)
        self.assertIn("records", http.answer().json()["result"])
        self.assertTrue(http.has_ended())


class Sockets(Web):
    def test_requests_and_events_are_messages(self):
        self.train("--step-us", 500)
        socket = self.socket()
        self.assertEqual(socket.handshake.status, 101)
        self.assertEqual(socket.result(1)["protocol"], 1)
        socket.result(5, topics=["scalars", "run"])
        socket.event("scalars")
        self.assertIn(socket.event("run")["state"], ("running", "waiting"))
        self.assertEqual([client["transport"] for client in socket.result(9)["clients"]], ["websocket"])

    def test_both_kinds_of_followers_hear_the_same(self):
        socket, wire = self.socket(), self.connect()
        for one in (socket, wire):
            one.result(5, topics=["messages"])
        self.connect().result(10, text="grüße <b>")
        heard = [one.event("message") for one in (socket, wire)]
        self.assertEqual(heard[0], heard[1])

    def test_how_it_is_closed(self):
        for data, opcode, how, code in ((b"\x00", BINARY, {}, 1003), (b"\xff", TEXT, {}, 1007), (b"", PING, {"final": False}, 1002),
                                        (b"x" * 126, PING, {}, 1002), (b"{}", 3, {}, 1002), (b"{}", TEXT, {"reserved": 4}, 1002),
                                        (b"\x03\xe8bye", CLOSE, {}, 1000), (b"", CLOSE, {}, 1005), (b"\x03", CLOSE, {}, 1002),
                                        (b"\x03\xed", CLOSE, {}, 1002), (b"x", 0, {}, 1002)):
            with self.subTest((data[:9], opcode, how)):
                socket = self.socket()
                socket.put(data, opcode, **how)
                self.assertIsNone(socket.message())
                self.assertIn(socket.code, (code, 1000) if code == 1005 else (code,))
                self.assertTrue(socket.has_ended())
        too_long = self.socket()
        too_long.put_bytes(too_long.frame(b" " * ((1 << 20) + 1)))
        self.assertIsNone(too_long.message())
        self.assertEqual(too_long.code, 1009)
        self.alive()

    def test_a_frame_that_is_not_masked(self):
        socket = self.socket()
        socket.put_bytes(b'\x81\x0a{"code":2}')
        self.assertIsNone(socket.message())
        self.assertEqual(socket.code, 1002)

    def test_pieces_and_pings_between_them(self):
        socket = self.socket()
        whole = socket.frame(b'{"code"', TEXT, final=False) + socket.frame(b"you?", PING) + socket.frame(b":2}", 0)
        for i in range(len(whole)):
            socket.put_bytes(whole[i:i + 1])
        self.assertEqual(socket.next_frame(), (PONG, b"you?", True))
        self.assertIn("time", socket.reply()["result"])

    def test_a_flood_of_questions_is_not_answered_into_memory(self):
        self.train("--steps", 2000, "--step-us", 0).wait()
        socket = self.socket()
        many = socket.frame(b'{"code":4}') * 20000 + socket.frame(b'{"code":2,"id":"last"}')
        writer = threading.Thread(target=lambda: self.try_send(socket, many))
        writer.start()
        self.alive_with_little_memory()
        while socket.message().get("id") != "last":
            pass
        writer.join()

    def try_send(self, socket, data):
        try:
            socket.put_bytes(data)
        except OSError:
            pass

    def alive_with_little_memory(self):
        wire = self.connect()
        for _ in range(20):
            self.assertLess(wire.result(11)["resident"], 100e6)

    def test_the_server_ends(self):
        socket = self.socket()
        socket.result(5, topics=["run"])
        self.server.terminate()
        while socket.message() is not None:
            pass
        self.assertEqual(socket.code, 1001)

    def test_handshakes_that_are_none(self):
        for fields, status in (({"Sec_WebSocket_Version": "8"}, 426), ({"Sec_WebSocket_Key": "short"}, 400), ({"Upgrade": "h2c"}, 426),
                               ({"Connection": "close"}, 426), ({"Sec_WebSocket_Key": None}, 400)):
            with self.subTest(fields):
                answer = self.socket(**fields).handshake
                self.assertIn(answer.status, (status, 400, 426))


class ThreeTransports(Web):
    """The same requests get the same replies over lines, WebSocket and POST."""
    REQUESTS = [
        {"code": 2}, {"code": 3}, {"code": 4}, {"code": 7, "series": ["toy/value"], "points": 10}, {"code": 7, "series": ["no such"]},
        {"code": 8}, {"code": 8, "limit": 0}, {"code": 12}, {"code": 13}, {"code": 10, "text": "from one of three"}, {"code": 10},
        {"code": 16, "reason": "look"}, {"code": 16}, {"code": 19, "steps": 5}, {"code": 20, "settings": {"lr": 0.5}},
        {"code": 20, "settings": {"lr": 99}}, {"code": 20, "settings": {"nope": 1}}, {"code": 20, "settings": {"lr": 0.25}, "revisions": {"lr": 9999}},
        {"code": 21, "action": "echo", "params": {"text": "x", "times": 2}}, {"code": 21, "action": "nope"}, {"code": 22, "ticket": 999999},
        {"code": 23, "on": True}, {"code": 20, "settings": {"lr": 0.5}}, {"code": 23, "on": False}, {"code": 24}, {"code": 17},
        {"code": 99}, {"code": "20"}, {"code": 2, "id": "x"}, {"code": 2, "id": []}, {"id": 1}, {"code": 2, "extra": 1}, [1], [], 7, "x",
    ]
    MOVING = {"time", "age", "step", "rate", "eta", "ticket", "records", "head", "next", "clients", "since", "revision", "old", "message", "settings",
              "run", "count", "last", "series", "pause_step", "checkpoints", "trainer", "runs", "lines", "partial", "size", "before", "hash", "changed"}

    def what(self, value, name=None):
        """The shape: what does not move with the time."""
        if name in self.MOVING:
            return type(value).__name__ if not isinstance(value, (int, float)) else "number"
        if isinstance(value, dict):
            return {k: self.what(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [self.what(v) for v in value]
        return value

    def test_the_same(self):
        self.train("--step-us", 500)
        wire = self.connect()
        self.wait_attached(wire)
        wait_for("points that are stored", lambda: "result" in wire.call(7, series=["toy/value"]))
        socket, http = self.socket(), self.http()
        for request in self.REQUESTS:
            text = json.dumps(request)
            wire.send(text.encode() + b"\n")
            by_line = wire.reply()
            socket.put(text)
            by_socket = socket.reply()
            by_post = http.post(text.encode()).json()
            with self.subTest(text):
                self.assertEqual(self.what(by_line), self.what(by_socket))
                self.assertEqual(self.what(by_line), self.what(by_post))


if __name__ == "__main__":
    import unittest
    unittest.main()
