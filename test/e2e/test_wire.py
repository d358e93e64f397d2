"""The wire on a real socket: framing, errors, order of checks, events, gaps, bad peers."""
import json
import resource
import socket
import subprocess
import unittest

from harness import Case, Wire, wait_for

LINES = b"".join([
    b'{"code":2,"id":"a"}\n',
    b'{"code":99,"id":"b"}\r\n',
    b'\n',
    b'{"code":19,"steps":"x","id":7}\n',
    b'nonsense\n',
    '{"code":1,"name":"é😀"}\n'.encode(),
    b'{"code":2,"id":"last"}',  # without an end: the end of input ends it
])


def without_times(line):
    reply = json.loads(line)
    if "result" in reply:
        reply["result"] = {k: v for k, v in reply["result"].items() if k not in ("time", "client")}
    return reply


class Framing(Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def replies(self, pieces):
        with Wire(self.address()) as wire:
            wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                wire.send(piece)
            wire.socket.shutdown(socket.SHUT_WR)
            lines = []
            while (line := wire.line()) is not None:
                lines.append(without_times(line))
            return lines

    def test_every_split_in_two_gives_the_same_replies(self):
        whole = self.replies([LINES])
        self.assertEqual([r.get("id") for r in whole], ["a", "b", 7, None, None, "last"])
        self.assertEqual([r.get("CodeError") for r in whole], [None, 41, 43, 42, None, None])
        for at in range(1, len(LINES)):
            self.assertEqual(self.replies([LINES[:at], LINES[at:]]), whole, f"split at byte {at}")

    def test_byte_by_byte_gives_the_same_replies(self):
        self.assertEqual(self.replies([bytes([b]) for b in LINES]), self.replies([LINES]))

    def test_what_a_web_page_could_send_carries_nothing_out(self):
        for first in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /api HTTP/1.1\r\n\r\n{\"code\":40}\n", b'Z{"code":40}\n', b'POST\n{"code":40}\n',
                      b"POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 11\r\n\r\n{\"code\":40}"):
            with Wire(self.address()) as wire:
                wire.send(first)
                self.assertRegex(wire.line(), rb"^HTTP/1\.1 4[01][0-9] ")
                while wire.line() is not None:
                    pass
        with Wire(self.address()) as wire:
            wire.send(b"\x16\x03\x01")
            self.assertIsNone(wire.line())
        self.assertIsNone(self.server.poll())

    def test_the_trainers_first_byte_is_for_the_unix_socket_only(self):
        with Wire(self.address()) as wire:
            wire.send(b"\x02\n")
            self.assertEqual(wire.message()["CodeError"], 42)

    def test_a_line_without_end_is_refused_at_the_limit_and_nobody_else_notices(self):
        other = self.connect()
        with Wire(self.address()) as wire:
            try:
                for _ in range(20):
                    wire.send(b"[" * 65536)
            except (BrokenPipeError, ConnectionResetError):
                pass
            reply = wire.message()
            if reply is not None:  # a reset may overtake it only if we kept on sending
                self.assertEqual(reply["CodeError"], 42)
                self.assertIsNone(wire.line())
        self.assertIn("time", other.result(2))

    def test_hostile_bytes_then_ping(self):
        hostile = [b"\x00", b"\xff\xfe", b"{", b"}", b'{"code":}', b'{"code":2,"code":2}', b'{"code":2e1}', b'{"code":"2"}',
                   b"[]", b'[2]', b'[{"code":2},{"code":2}]', b"null", b'{"code":2,"x":1}', b'{"code":2,"id":[1]}', b"[" * 70 + b"]" * 70,
                   b'{"code":99999999999999999999}', b'{"code":2,"\\u0000":1}', b'{"id":"x"}', b"\xed\xa0\x80", b" ", b"\t{}"]
        wire = self.connect()
        for line in hostile:
            wire.send(line + b"\n")
            self.assertIn(wire.reply()["CodeError"], (41, 42, 43), line)
            self.assertIn("time", wire.result(2))

    def test_control_without_a_trainer(self):
        wire = self.connect()
        for code, members in ((16, {}), (17, {}), (18, {}), (19, {"steps": 1}), (20, {"settings": {"lr": 1}}), (21, {"action": "x"})):
            self.assertEqual(wire.call(code, **members)["CodeError"], 45)
        self.assertEqual(wire.result(3)["run"]["state"], "waiting")

    def test_out_of_order_of_checks(self):
        wire = self.connect()
        self.assertEqual(wire.call(19)["CodeError"], 43)  # the parameters before the state
        self.assertEqual(wire.call(20, settings={})["CodeError"], 43)


class Live(Case):
    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def test_every_point_reaches_a_subscriber_who_was_there_first(self):
        wire = self.connect()
        wire.result(5, topics=["scalars", "declarations", "run"])
        trainer = self.train("--steps", 3000, "--step-us", 100)
        ids, seen = {}, []
        while True:
            event = wire.message()
            if event["event"] == "declared" and "series" in event:
                ids[event["series"]["name"]] = event["series"]["id"]
            if event["event"] == "scalars":
                self.assertNotIn("thinned", event)
                seen += [(step, value) for series, step, _, value in event["points"] if series == ids["toy/value"]]
            if event["event"] == "run" and event["state"] == "finished":
                break
        self.assertEqual(trainer.wait(), 0)
        self.assertEqual(seen, [(step, 1e9 + step) for step in range(3000)])

    def test_a_cursor_goes_on_where_it_was(self):
        self.train("--step-us", 500)
        wire = self.connect()
        self.wait_attached(wire)
        wire.result(5, topics=["scalars"])
        cursor = [wire.event("scalars") for _ in range(5)][-1]["cursor"]
        wire.close()
        again = self.connect()
        result = again.result(5, topics=["scalars"], since=cursor)
        self.assertEqual(result["cursor"], cursor)
        first = again.event("scalars")["points"][0]
        third = self.connect()
        third.result(5, topics=["scalars"], since=cursor)
        self.assertEqual(third.event("scalars")["points"][0], first)

    def test_a_cursor_of_another_server_gets_a_gap(self):
        wire = self.connect()
        wire.result(5, topics=["run"], since={"epoch": 1, "n": 5})
        self.assertEqual(wire.message()["event"], "gap")
        self.assertEqual(wire.message()["event"], "run")  # the state as of now

    def test_globs_choose_series(self):
        self.train("--step-us", 500, "--series", 3)
        wire = self.connect()
        self.wait_attached(wire)
        wire.result(5, topics=["scalars", "declarations"], series=["toy/more*"])
        ids = {wire.event("declared", lambda e: "series" in e)["series"]["name"] for _ in range(3)}
        self.assertEqual(ids, {"toy/more0", "toy/more1", "toy/more2"})
        known = {s["name"]: s["id"] for s in self.connect().result(4)["series"]}
        for _ in range(5):
            self.assertNotIn(known["toy/value"], [p[0] for p in wire.event("scalars")["points"]])

    def test_points_beyond_a_ticks_worth_are_thinned_and_counted_and_stored_whole(self):
        wire = self.connect()
        wire.result(5, topics=["scalars", "run"])
        self.train("--steps", 200000).wait(timeout=60)
        thinned = told = 0
        while True:
            event = wire.message()
            thinned += event.get("thinned", 0)
            told += len(event.get("points", []))
            if event["event"] == "run" and event["state"] == "finished":
                break
        self.assertGreater(thinned, 0)
        self.assertEqual(thinned + told, 200000)
        self.end(self.server)
        self.assertEqual(self.points(), [(step, 1e9 + step) for step in range(200000)])

    def test_who_does_not_read_gets_a_gap_and_delays_nobody(self):
        """More events than the broadcast log and the sockets' buffers hold; a setting's every value is told, none is thinned."""
        lazy = self.connect()
        lazy.result(5, topics=["settings", "run"])
        eager = self.connect()
        self.train("--schedule", "--steps", 400000)
        self.wait_status(eager, "the end", lambda s: s["run"]["state"] == "finished")
        gap = lazy.event("gap")
        self.assertGreater(gap["missed"]["settings"], 0)
        self.assertGreater(gap["to"], gap["from"])
        self.assertEqual(lazy.event("setting", lambda e: e["name"] == "batch")["value"], 8)  # the state as of now
        self.assertEqual(lazy.event("run")["state"], "finished")

    def test_no_descriptor_left_says_so_and_the_rest_goes_on(self):
        self.end(self.server)
        self.server = self.serve(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
        wire = self.connect()
        many, refused = [], None
        for _ in range(80):
            extra = Wire(self.address())
            self.addCleanup(extra.close)
            many.append(extra)
            extra.send({"code": 2})
            reply = extra.message()
            if reply is None or "CodeError" in reply:
                refused = reply
                break
        self.assertIsNotNone(refused)
        self.assertEqual((refused["CodeError"], refused["Message"]), (52, "Limit reached"))
        self.assertIn("time", wire.result(2))
        for extra in many:
            extra.close()
        wait_for("room again", lambda: "result" in (self.connect().call(2) or {}))

    def test_a_shutdown_lets_the_trainer_go_on(self):
        trainer = self.train("--step-us", 200)
        wire = self.connect()
        self.wait_attached(wire)
        wire.result(40)
        self.assertIsNone(wire.line())
        self.assertEqual(self.server.wait(timeout=30), 0)
        self.assertFalse((self.run_folder / "address").exists())
        self.assertIsNone(trainer.poll())
        self.serve()
        self.wait_attached(self.connect())


class Describe(Case):
    def test_what_can_be_set_done_and_watched(self):
        self.serve()
        self.train("--step-us", 500)
        wire = self.connect()
        self.wait_attached(wire)
        wait_for("a point", lambda: any("last" in s for s in wire.result(4)["series"]))
        told = wire.result(4)
        settings = {s["name"]: s for s in told["settings"]}
        self.assertEqual(settings["lr"], {"name": "lr", "type": "double", "value": 0.1, "revision": 0, "min": 1e-06, "max": 1.0,
                                          "unit": None, "doc": "learning rate", "attached": True})
        self.assertEqual(settings["mode"]["choices"], ["slow", "fast", "1e3"])
        echo = {a["name"]: a for a in told["actions"]}["echo"]
        self.assertEqual(echo["params"], [{"name": "text", "type": "string", "default": "hello"},
                                          {"name": "times", "type": "int", "default": 1, "min": 1, "max": 10}])
        self.assertEqual(told["series"][0]["unit"], "steps")
        self.assertIn("set", told["may"])
        hello = wire.result(1, name="me")
        self.assertEqual((hello["protocol"], hello["auth"], hello["run"]["name"]), (1, "none", "toy"))


if __name__ == "__main__":
    unittest.main()
