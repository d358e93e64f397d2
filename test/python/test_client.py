"""trimtab.Client: every request, on real servers; events over breaks; what goes wrong."""
import inspect
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import threading
import time
import unittest
import unittest.mock

from served import LISTEN, PATIENCE, ROOT, TRIMTAB, Served, wait_for

from trimtab import aio, error, place, wire
from trimtab.client import Client

DEF = ROOT / "src" / "protocol"
SPELLED = {"from": "from_"}  # words of Python


class Tables(unittest.TestCase):
    """The protocol's own tables: a request or a parameter that a client lacks is a failure here."""

    def codes(self):
        return {name: int(number) for number, name in re.findall(r"^CODE\((\d+), \w+, (\w+),", (DEF / "codes.def").read_text(), re.M)}

    def params(self):
        """(code, parameter, is required), as params.def has it."""
        text = (DEF / "params.def").read_text()
        words = dict(re.findall(r"^ARG\((\w+), (\w+)\)", text, re.M))
        common = re.findall(r"PARAM\(code, (\w+), \w+, (\w+)", text)
        self.assertEqual({words[name] for name, _ in common}, {"reason", "deadline", "until_step", "wait"})
        for code, name, presence in re.findall(r"^PARAM\((\w+), (\w+), \w+, (\w+)", text, re.M):
            yield code.lower(), words[name], presence == "REQUIRED"
        for code in re.findall(r"^PARAM_COMMON\((\w+)\)", text, re.M):
            yield from ((code.lower(), words[name], False) for name, _ in common)

    def test_codes_are_those_of_the_protocol(self):
        self.assertEqual(wire.CODES, self.codes())

    def test_both_clients_have_each_request_with_each_parameter(self):
        seen = {name: set() for name in self.codes()}
        for code, param, required in self.params():
            seen[code].add(SPELLED.get(param, param))
            for kind in (Client, aio.Client):
                parameters = inspect.signature(getattr(kind, code)).parameters
                self.assertIn(SPELLED.get(param, param), parameters, f"{kind} {code}")
                given = parameters[SPELLED.get(param, param)]
                if required and (code, param) not in (("set", "settings"), ("freeze", "on")):  # may be keywords; True
                    self.assertIs(given.default, inspect.Parameter.empty, f"{code} {param}")
                if not required:
                    self.assertIsNone(given.default, f"{code} {param}")
        for code, params in seen.items():
            for kind in (Client, aio.Client):
                self.assertEqual(set(inspect.signature(getattr(kind, code)).parameters) - {"self", "values"}, params, code)

    def test_codes_that_wait_are_those_that_take_it(self):
        self.assertEqual(set(wire.WAITING), {self.codes()[code] for code, param, _ in self.params() if param == "wait"})

    def test_topics(self):
        topics = re.findall(r"^TOPIC\(\d+, \w+, (\w+)\)", (DEF / "topics.def").read_text(), re.M)
        self.assertEqual(set(topics) - set(wire.TOPICS), {"clients", "output"})


class Bytes(unittest.TestCase):
    """The core without a socket."""

    def test_lines_in_pieces(self):
        lines = wire.Lines()
        data = b'{"a":1}\n\n{"b":2}\r\n{"c"'
        got = [line for byte in data for line in lines.feed(bytes([byte]))]
        self.assertEqual(got, [b'{"a":1}', b"", b'{"b":2}\r'])
        self.assertEqual(lines.feed(b":3}\n"), [b'{"c":3}'])

    def test_a_line_without_end_is_bounded(self):
        lines = wire.Lines(1000)
        lines.feed(b"x" * 1000)
        with self.assertRaisesRegex(wire.FormatError, "more than 1000 bytes"):
            lines.feed(b"x")

    def test_what_is_no_object_is_no_server(self):
        for bad in (b"HTTP/1.1 400 Bad\r\n", b"[]\n", b"\xff\n", b"[" * 100000 + b"\n", b'{"a":1\n'):
            with self.subTest(bad=bad[:20]), self.assertRaises(wire.FormatError):
                wire.Wire().feed(bad)

    def test_what_has_an_odd_form_is_no_server(self):
        huge = "9" * 400
        for bad in ({"event": "declared", "action": {"params": 7}}, {"event": "declared", "series": {"last": int(huge)}},
                    {"id": 1, "result": {"settings": [{"type": "double", "value": int(huge)}]}}):
            core = wire.Wire()
            core.request({"code": 4})
            with self.subTest(bad=str(bad)[:60]), self.assertRaisesRegex(wire.FormatError, "odd form"):
                core.feed(json.dumps(bad).encode() + b"\n")

    def test_replies_overtake_each_other(self):
        core = wire.Wire()
        first, _ = core.request({"code": 20, "settings": {}})
        second, line = core.request({"code": 2})
        self.assertEqual(json.loads(line), {"code": 2, "id": second})
        core.feed(f'{{"code":2,"id":{second},"result":{{"time":1}}}}\n'.encode())
        self.assertIsNone(core.reply(first))
        self.assertEqual(core.reply(second)["result"], {"time": 1})
        self.assertTrue(core.is_busy(20))

    def test_a_reply_that_nobody_waits_for_is_dropped(self):
        core = wire.Wire()
        number, _ = core.request({"code": 2})
        core.leave(number)
        self.assertTrue(core.is_busy(2))
        core.feed(f'{{"code":2,"id":{number},"result":{{}}}}\n{{"code":2,"id":999,"result":{{}}}}\n'.encode())
        self.assertFalse(core.is_busy(2))
        self.assertEqual(core.answered(), [])

    def test_events_are_bounded_and_counted(self):
        core = wire.Wire(events_kept=3)
        core.feed(b"".join(b'{"event":"run","step":%d}\n' % n for n in range(5)))
        self.assertEqual([event["step"] for event in core.events], [2, 3, 4])
        self.assertEqual(core.dropped, 2)

    def test_the_end_of_a_token_is_told_to_who_waits(self):
        core = wire.Wire()
        number, _ = core.request({"code": 2})
        core.feed(b'{"CodeError":44,"Error":"0x2C","Message":"Not authorised","Detail":"the token has been revoked"}\n')
        self.assertEqual(core.reply(number)["CodeError"], 44)
        self.assertIsInstance(core.end("closed"), error.NotAuthorised)

    def test_numbers_that_json_cannot_say(self):
        event = wire.with_numbers({"event": "scalars", "points": [[0, 1, 2.5, "NaN"], [0, 2, 2.5, "-Infinity"], [0, 3, 2.5, 1]]})
        values = [row[3] for row in event["points"]]
        self.assertNotEqual(values[0], values[0])
        self.assertEqual(values[1:], [float("-inf"), 1.0])
        self.assertIs(type(values[2]), float)
        told = wire.with_numbers({"result": {"settings": [{"type": "double", "value": "Infinity"}, {"type": "string", "value": "NaN"}]}})
        self.assertEqual([one["value"] for one in told["result"]["settings"]], [float("inf"), "NaN"])

    def test_a_request_says_what_json_cannot(self):
        class Scalar:
            def item(self):
                return 0.5
        line = wire.encode({"settings": {"a": float("nan"), "b": Scalar(), "c": "ä\n"}})
        self.assertEqual(line.count(b"\n"), 1)
        self.assertEqual(json.loads(line), {"settings": {"a": "NaN", "b": 0.5, "c": "ä\n"}})
        with self.assertRaisesRegex(TypeError, "object"):
            wire.encode({"settings": {"a": object()}})
        with self.assertRaisesRegex(ValueError, "at most"):
            wire.encode({"text": "x" * wire.REQUEST_MOST})

    def test_arrays(self):
        for bad in ([], [{"code": 2}] * 2, [{"code": n} for n in range(65)]):
            with self.assertRaises(ValueError):
                wire.Wire().array(bad)

    def test_addresses(self):
        self.assertEqual(place.split_address("[::1]:7342"), ("::1", 7342))
        self.assertEqual(place.split_address("node7:80"), ("node7", 80))
        for bad in ("node7", ":80", "::1:80", "a b:80", "a:0", "a:70000", "http://a:80", ""):
            with self.assertRaisesRegex(ValueError, "address like"):
                place.split_address(bad)


class Steering(Served):
    def client(self, *arguments, **options):
        client = Client(*(arguments or (self.run_folder,)), **options)
        self.addCleanup(client.close)
        return client

    def test_each_request(self):
        self.toy()
        with self.client(name="anna") as client:
            self.assertEqual(client.greeting["protocol"], 1)
            self.assertEqual(client.hello(name="anna")["role"], "admin")
            self.assertEqual(client.folder, str(self.run_folder.resolve()))
            self.assertLess(abs(client.ping()["time"] - time.time()), 60)
            self.assertTrue(client.status()["trainer"]["attached"])
            self.assertIn("lr", {setting["name"] for setting in client.describe()["settings"]})
            self.assertTrue(client.pause(reason="look")["changed"])
            self.assertFalse(client.pause(wait=5)["changed"])
            step = client.status()["run"]["step"]
            self.assertEqual(client.advance(3, deadline=30)["pause_step"], step + 3)
            done = client.set({"batch": 16}, lr=0.5, revisions={"lr": 0}, reason="loss plateaus")
            self.assertEqual({name: one["effective"] for name, one in done["settings"].items()}, {"lr": 0.5, "batch": 16})
            self.assertEqual(client.act("echo", {"text": "ä", "times": 2})["result"], {"text": "ä", "times": 2})
            later = client.set({"lr": 0.25}, at_step=step + 10**6, wait=0)
            self.assertEqual(later["outcome"], "pending")
            self.assertEqual(client.cancel(later["ticket"])["outcome"], "cancelled")
            self.assertTrue(client.freeze(reason="hands off")["changed"])
            with self.assertRaises(error.Frozen):
                client.set(lr=0.1)
            client.freeze(False)
            self.assertTrue(client.resume()["changed"])
            self.assertIn("message", client.say("hello", level="warning", step=1))
            self.assertEqual(client.history("toy/*", points=10, from_=0, to=10, axis="step")["series"][0]["name"], "toy/value")
            self.assertEqual(client.audit(ticket=done["ticket"])["records"][0]["reason"], "loss plateaus")
            self.assertEqual(client.audit(from_=2, limit=1)["records"][0]["sequence"], 2)
            self.assertEqual(client.clients()["total"], 2)  # the test's own way to it, too
            self.assertIn("uptime", client.stats())
            self.assertEqual(client.output(lines=5)["lines"], [])
            self.assertEqual(client.runs()["total"], len(client.runs()["runs"]))
            self.assertEqual(client.unsubscribe(), {})
            with self.assertRaises(error.RequestError) as refused:
                client.abort(grace=1, reason="no")
            self.assertEqual(refused.exception.code_error, 55)
            self.assertEqual(client.stop()["outcome"], "applied")
            self.assertEqual(self.trainer.wait(PATIENCE), 0)
            self.assertEqual(client.shutdown(), {})
        self.assertEqual(self.server.wait(PATIENCE), 0)

    def test_refusals_are_exceptions(self):
        self.toy()
        client = self.client()
        cases = [
            (error.RequestError, 43, lambda: client.set(lr=7.0)),
            (error.RequestError, 43, lambda: client.set(nothing=1)),
            (error.RequestError, 43, lambda: client.request("ping", more=1)),
            (error.RequestError, 41, lambda: client.request(99)),
            (error.Refused, 46, lambda: client.act("fail")),
            (error.Conflict, 50, lambda: client.set(lr=0.5, revisions={"lr": 7})),
            (error.Expired, 47, lambda: client.set(lr=0.5, at_step=10**12, deadline=0.01)),
        ]
        for kind, code, ask in cases:
            with self.subTest(code=code), self.assertRaises(kind) as refused:
                ask()
            self.assertIs(type(refused.exception), kind)
            self.assertEqual(refused.exception.code_error, code)
            self.assertEqual(refused.exception.reply["CodeError"], code)
            self.assertIn(refused.exception.detail, str(refused.exception))
        self.assertIsInstance(refused.exception.ticket, int)
        self.kill(self.trainer)
        self.wait_status(self.unix(), "the trainer's end", lambda s: not s["trainer"]["attached"])
        with self.assertRaises(error.NoModel):
            client.pause()
        with self.assertRaises(TypeError):
            client.set({"lr": 1}, lr=1)
        with self.assertRaisesRegex(ValueError, "there is no request 'sett'"):
            client.request("sett")
        with self.assertRaisesRegex(ValueError, "numbers its requests"):
            client.request("ping", id=4)
        self.assertIn("time", client.ping())

    def test_an_array_has_a_reply_for_each(self):
        self.toy()
        client = self.client()
        paused, failed, time_ = client.requests([{"code": "pause"}, {"code": 21, "action": "fail"}, {"code": "ping"}])
        self.assertTrue(paused["changed"])
        self.assertIsInstance(failed, error.Refused)
        self.assertIn("time", time_)

    def test_a_timeout_leaves_the_connection_in_step(self):
        self.toy()
        client = self.client()
        client.timeout = 0.05
        self.server.send_signal(signal.SIGSTOP)
        for ask in (client.ping, client.status, lambda: client.act("echo", {"text": "given up"}, wait=0)):
            with self.assertRaisesRegex(TimeoutError, "the request lives on"):
                ask()
        self.server.send_signal(signal.SIGCONT)
        client.timeout = PATIENCE
        self.assertEqual(client.act("echo", {"text": "again"})["result"]["text"], "again")  # after the one given up
        self.assertIn("time", client.ping())
        asked = [record for record in client.audit()["records"] if record["record"] == "accepted"]
        self.assertEqual([record["request"]["params"]["text"] for record in asked], ["given up", "again"])

    def test_threads_take_turns(self):
        self.toy()
        client, wrong = self.client(), []

        def many(kind):
            for n in range(50):
                got = client.act("echo", {"text": f"{kind} {n}"})["result"]["text"] if kind else client.ping()["time"]
                if kind and got != f"{kind} {n}":
                    wrong.append(got)
        threads = [threading.Thread(target=many, args=(kind,)) for kind in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(wrong, [])

    def test_a_subscription_on_the_same_connection(self):
        self.toy()
        client = self.client()
        cursor = client.subscribe("messages")["cursor"]
        client.say("one")
        client.say("two")
        self.assertEqual([client.next_event(PATIENCE)["text"] for _ in range(2)], ["one", "two"])
        with self.assertRaises(TimeoutError):
            client.next_event(0.01)
        self.assertEqual(client.dropped, 0)
        client.subscribe(["messages"], since=cursor, series=["*"], rate="10/s")
        self.assertEqual(client.next_event(PATIENCE)["text"], "one")

    # ---- finding it ----

    def test_runs_are_found(self):
        run = pathlib.Path(os.environ["TRIMTAB_HOME"]) / "digits" / "20261122-101500"
        self.toy(run=run)
        wait_for("the name that the trainer told", lambda: place.named("toy"))

        class Held:
            folder = str(run)
        for given in (str(run), run, Held(), "digits", "digits/20261122-101500", "toy", run / "run.db", run.parent, None):
            with self.subTest(given=given), Client(given) as client:
                self.assertEqual(client.folder, str(run.resolve()))
        with unittest.mock.patch.dict(os.environ, {"TRIMTAB_RUN": str(run)}), Client() as client:
            self.assertEqual(client.folder, str(run.resolve()))
        with self.assertRaisesRegex(error.RunNotFound, "there is no run 'digit'; did you mean digits?"):
            Client("digit")
        with self.assertRaisesRegex(error.RunNotFound, "not recorded"):
            Client(type("Off", (), {"folder": None})())
        with self.assertRaises(TypeError):
            Client("digits", address="127.0.0.1:7342")
        self.serve(run=self.run_folder)
        with Client() as client:  # the other one waits for its trainer
            self.assertEqual(client.folder, str(run.resolve()))
        self.train("--step-us", 200)
        self.wait_attached(self.unix())
        with self.assertRaises(error.RunNotFound) as several:
            Client()
        self.assertIn("several runs are being trained", str(several.exception))
        for folder in (run, self.run_folder):
            self.assertIn(f"{folder.resolve()}: running, step ", str(several.exception))

    def test_a_name_with_a_slash(self):
        run = pathlib.Path(os.environ["TRIMTAB_HOME"]) / "org-digits" / "20261122-101500"
        (run / "journal").mkdir(parents=True)
        (run / "journal" / "0").touch()
        self.assertEqual(place.folder_of("org/digits"), str(run.resolve()))
        for path in ("/org/digits", "./org/digits", "~/digits"):
            with self.subTest(path=path), self.assertRaises(error.RunNotFound):
                place.folder_of(path)

    def test_nobody_there(self):
        with self.assertRaisesRegex(error.NoServer, "no live run is known"):
            Client()
        self.recorded("--steps", 10)
        with self.assertRaisesRegex(error.NoServer, "nobody serves .*trimtab serve"):
            Client(self.run_folder)
        with self.assertRaises(error.RunNotFound):
            Client(self.folder / "nothing")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # not listening
            with self.assertRaisesRegex(error.NoServer, "nobody listens"):
                Client(address=f"127.0.0.1:{taken.getsockname()[1]}")

    def test_another_program_answers(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            answers = {b"HTTP/1.1 400 Bad Request\r\n\r\n": error.ConnectionLost, b"": error.ConnectionLost}
            for said, kind in answers.items():
                def answer():
                    peer, _ = other.accept()
                    with peer:
                        peer.recv(65536)
                        peer.sendall(said)
                thread = threading.Thread(target=answer)
                thread.start()
                with self.assertRaises(kind):
                    Client(address="127.0.0.1:%d" % other.getsockname()[1])
                thread.join(PATIENCE)
            with self.assertRaises(TimeoutError):  # it says nothing
                Client(address="127.0.0.1:%d" % other.getsockname()[1], timeout=0.05)

    def test_a_run_that_is_not_on_a_local_file_system(self):
        self.environment["TRIMTAB_FORCE_NOT_LOCAL"] = "1"
        self.serve()
        local = pathlib.Path((self.run_folder / "local").read_text().strip())
        try:
            self.assertFalse((self.run_folder / "sock").exists())
            self.assertIn("time", self.client().ping())
            os.chmod(local, 0o755)  # somebody else's by now: not used, but the address that the folder tells
            self.assertEqual(self.client().clients()["clients"][-1]["transport"], "tcp")
        finally:
            shutil.rmtree(local, ignore_errors=True)

    def test_a_long_path(self):
        run = self.folder / ("long" * 30) / ("path" * 30)
        self.serve(run=run)
        self.assertGreater(len(str(run / "sock")), 200)
        self.assertEqual(self.client(run).clients()["clients"][0]["transport"], "unix")

    def test_the_address_of_another_run(self):
        """The file `address` of a killed server, whose port another run's has: it gets no token, and nothing is asked of it."""
        self.kill(self.serve())
        other = self.folder / "other"
        self.serve(run=other)
        (self.run_folder / "address").write_text(self.address(other) + "\n")
        with self.assertRaisesRegex(error.NoServer, "another run's by now"):
            self.client(token="tt_" + "x" * 43)

    def test_tokens(self):
        process = self.start(TRIMTAB, "serve", "--run", self.run_folder, *LISTEN)
        self.wait_address(process)
        made = self.tool("token", "add", "--run", self.run_folder, "--role", "controller", "--name", "bot")
        token = re.search(r"tt_\S+", made.stdout)[0].strip('",')
        with self.assertRaises(error.NotAuthorised):
            Client(address=self.address())
        with self.assertRaises(error.NotAuthorised):
            Client(address=self.address(), token="tt_" + "x" * 43)
        with Client(address=self.address(), token=token) as client:
            self.assertEqual(client.greeting["name"], "bot")
        with unittest.mock.patch.dict(os.environ, {"TRIMTAB_TOKEN": token}):
            client = Client(address=self.address())
            self.addCleanup(client.close)
            events = client.events("run")
            next(events)
            with self.assertRaises(error.NotAuthorised):
                client.freeze()
            self.tool("token", "revoke", "--run", self.run_folder, "bot")
            with self.assertRaises(error.NotAuthorised):  # no reconnecting with it, either
                for _ in events:
                    pass
            with self.assertRaises(error.NotAuthorised):
                client.ping()
                client.ping()


class Breaks(Served):
    """Servers that go and come, children, Ctrl-C."""

    def test_the_next_request_connects_again(self):
        self.toy()
        with Client(self.run_folder) as client:
            client.subscribe("run")
            self.kill(self.server)
            with self.assertRaises(error.NoServer):
                client.ping()
            self.serve()
            self.assertIn("time", client.ping())
            with self.assertRaises(TimeoutError):
                client.next_event(0.01)
        with self.assertRaisesRegex(error.ConnectionLost, "closed"):
            client.ping()
        client.close()

    def test_events_go_on_after_a_restart(self):
        self.toy()
        with Client(self.run_folder) as client, client.events(series="toy/*", timeout=PATIENCE) as events:
            first = next(events)["cursor"]
            epoch = next(event for event in events if event["cursor"] != first)["cursor"]["epoch"]
            self.kill(self.server)
            serve = threading.Timer(0.3, self.serve)
            serve.start()
            again = next(event for event in events if event["cursor"]["epoch"] != epoch)
            serve.join()
            self.assertEqual(again["event"], "gap")
            self.assertTrue(next(event for event in events if event["event"] == "scalars"))
            self.assertEqual(client.set(lr=0.5)["outcome"], "applied")

    def test_events_go_on_behind_the_last_one(self):
        """A connection that breaks while the server lives: nothing is missed, nothing told twice."""
        self.toy()
        with Client(self.run_folder) as client, client.events("messages", timeout=PATIENCE) as events:
            for n in range(20):
                client.say(str(n))
                if n % 5 == 4:
                    self.assertEqual([next(events)["text"] for _ in range(5)], [str(k) for k in range(n - 4, n + 1)])
                    events._hang_up()

    def test_a_quiet_stream_misses_nothing_in_a_break(self):
        self.toy()
        with Client(self.run_folder) as client, client.events("outcomes", timeout=0.4) as events:
            with self.assertRaises(TimeoutError):
                next(events)
            events._hang_up()
            ticket = client.set(lr=0.5)["ticket"]
            events.timeout = PATIENCE
            self.assertEqual(next(events)["ticket"], ticket)

    def test_what_is_asked_after_events_is_not_missed(self):
        self.toy()
        with Client(self.run_folder) as client, client.events("outcomes", timeout=PATIENCE) as events:
            ticket = client.set(lr=0.5)["ticket"]
            self.assertEqual(next(events)["ticket"], ticket)

    def test_the_state_is_told_again_where_it_broke_off(self):
        self.toy()
        with Client(self.run_folder) as client, client.events("declarations", timeout=PATIENCE) as events:
            first = next(events)
            events._hang_up()
            self.assertEqual(next(events)["series"]["name"], first["series"]["name"])

    def test_without_reconnecting(self):
        self.toy()
        with Client(self.run_folder) as client:
            events = client.events(reconnect=False, timeout=PATIENCE)
            next(events)
            self.kill(self.server)
            with self.assertRaises(error.ConnectionLost):
                for _ in events:
                    pass
            self.assertEqual(list(events), [])

    def test_it_ends_with_the_run(self):
        self.toy()
        with Client(self.run_folder) as client:
            events = client.events("run", timeout=PATIENCE)
            next(events)
            client.stop()
            threading.Timer(0.1, lambda: self.end(self.server)).start()
            self.assertEqual(list(events)[-1]["state"], "finished")

    def test_a_bad_topic_is_said_at_once(self):
        self.toy()
        with Client(self.run_folder) as client, self.assertRaisesRegex(error.RequestError, "scalar"):
            client.events("scalar")

    def test_a_timeout_and_then_an_event(self):
        self.toy()
        with Client(self.run_folder) as client, client.events("messages", timeout=0.02) as events:
            with self.assertRaisesRegex(TimeoutError, "within 0.02 s"):
                next(events)
            client.say("here")
            events.timeout = PATIENCE
            self.assertEqual(next(events)["text"], "here")

    def test_ctrl_c_leaves_at_once(self):
        self.toy()
        with Client(self.run_folder) as client:
            events = client.events("messages")
            with self.assertRaises(TimeoutError):
                events.timeout = 0.01
                next(events)
            events.timeout = None
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            began = time.monotonic()
            with self.assertRaises(KeyboardInterrupt):
                next(events)
            self.assertLess(time.monotonic() - began, PATIENCE / 2)
            client.say("after")
            events.timeout = PATIENCE
            self.assertEqual(next(events)["text"], "after")
            # a request that is interrupted lives on, and the client is as good as before
            gate = self.folder / "gate"
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            with self.assertRaises(KeyboardInterrupt):
                client.act("hold", {"path": str(gate)})
            self.assertIn("time", client.ping())
            gate.touch()
            self.assertEqual(client.act("echo")["result"]["times"], 1)

    def test_a_child_has_a_connection_of_its_own(self):
        self.toy()
        with Client(self.run_folder) as client:
            client.subscribe("messages")
            child = os.fork()
            if child == 0:
                try:
                    os._exit(0 if "time" in client.ping() else 1)
                finally:
                    os._exit(2)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            client.say("still here")
            self.assertEqual(client.next_event(PATIENCE)["text"], "still here")


if __name__ == "__main__":
    unittest.main()
