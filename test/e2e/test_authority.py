"""Who may do what, over every transport; and what becomes of those whose token ends."""
import itertools
import json
import os
import unittest

from harness import TRIMTAB, Case, Wire, wait_for
from web import Http, Socket

ROLES = ("viewer", "controller", "admin")
NEEDS = {2: "nobody", 3: "viewer", 4: "viewer", 7: "viewer", 8: "viewer", 9: "viewer", 11: "viewer", 12: "viewer", 13: "viewer",
         10: "controller", 16: "controller", 17: "controller", 18: "controller", 19: "controller", 20: "controller", 21: "controller",
         22: "controller", 23: "admin", 24: "admin", 40: "admin", 5: "viewer", 6: "viewer"}
MEMBERS = {5: {"topics": ["run"]}, 7: {"series": ["*"]}, 10: {"text": "x"}, 19: {"steps": 1}, 20: {"settings": {"lr": 0.01}}, 21: {"action": "fail"},
           22: {"ticket": 1}, 23: {"on": False}}


class Guarded(Case):
    def setUp(self):
        super().setUp()
        self.server = self.start(TRIMTAB, "serve", "--run", self.run_folder, "--listen", "127.0.0.1:0")
        self.wait_address(self.server)

    def token(self, role="viewer", *more, name=None):
        done = self.tool("token", "add", "--run", self.run_folder, "--name", name or role, "--role", role, *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"\Att_[A-Za-z0-9_-]{43}\n\Z")
        return done.stdout.strip()

    def line(self, token=None):
        wire = Wire(self.address())
        self.addCleanup(wire.close)
        if token:
            self.assertIn("result", wire.call(1, token=token))
        return wire

    def socket(self, token=None, **fields):
        socket = Socket(self.address(), **fields)
        self.addCleanup(socket.close)
        if token:
            self.assertIn("result", socket.call(1, token=token))
        return socket

    def http(self):
        http = Http(self.address())
        self.addCleanup(http.close)
        return http

    def error(self, reply):
        return reply.get("CodeError")


class Matrix(Guarded):
    def test_code_role_transport(self):
        """No trainer is there: what is allowed is answered, or refused for another reason than 44."""
        tokens = {role: self.token(role) for role in ROLES}
        connections = {role: (self.line(tokens[role]), self.socket(tokens[role])) for role in ROLES}
        connections["nobody"] = (self.line(), self.socket())
        for code, role in itertools.product(sorted(NEEDS), ("nobody",) + ROLES):
            if code == 40 and role == "admin":
                continue  # the end of all: below
            may = ("nobody",) + ROLES
            allowed = may.index(role) >= may.index(NEEDS[code])
            request = {"code": code, **MEMBERS.get(code, {})}
            line, socket = connections[role]
            line.send(request)
            socket.send(request)
            answer = self.http().post(request, tokens.get(role))
            replies = {"line": line.reply(), "websocket": socket.reply(), "http": answer.json()}
            for transport, reply in replies.items():
                with self.subTest(code=code, role=role, transport=transport):
                    if transport == "http" and role == "nobody":
                        self.assertEqual((answer.status, self.error(reply)), (401, 44))
                    else:
                        self.assertEqual(self.error(reply) == 44, not allowed, reply)
        unix = self.unix()
        for code in sorted(set(NEEDS) - {40}):
            with self.subTest(code=code, transport="unix"):
                self.assertNotEqual(self.error(unix.call(code, **MEMBERS.get(code, {}))), 44)
        self.assertEqual(self.line(tokens["admin"]).result(40), {})
        self.server.wait()

    def test_strangers_learn_nothing(self):
        for connection in (self.line(), self.socket()):
            refused = connection.call(1)
            self.assertEqual((refused["CodeError"], "run" in refused), (44, False))
            self.assertIn("trimtab link", refused["Detail"])
            for token in ("", "tt_", "tt_" + "A" * 43, "x" * 256):
                self.assertEqual(self.error(connection.call(1, token=token)), 44)
            self.assertIn("time", connection.result(2))
        http = self.http()
        self.assertEqual(http.ask("GET", "/metrics").status, 401)
        self.assertEqual(http.ask("GET", "/metrics", token="tt_" + "A" * 43).status, 401)
        self.assertEqual(http.ask("GET", "/metrics", Authorization="Basic eDp5").status, 401)
        self.assertEqual(http.ask("GET", "/metrics", token=self.token()).status, 200)
        self.assertEqual(http.ask("GET", "/healthz").status, 200)
        self.assertEqual(http.ask("GET", "/").status, 200)

    def test_a_stranger_says_little(self):
        wire = self.line()
        wire.send(b'{"code":2,"id":"' + b"x" * 5000 + b'"}\n')
        self.assertEqual(self.error(wire.reply()), 42)
        self.assertIsNone(wire.reply())
        socket = self.socket()
        socket.put(b'{"code":2,"id":"' + b"x" * 5000 + b'"}')
        self.assertIsNone(socket.reply())
        self.assertEqual(socket.code, 1009)
        for known in (self.line(self.token(name="a")), self.socket(self.token(name="b"))):
            reply = known.call(10, text="x" * 5000)
            self.assertEqual(self.error(reply), 44)

    def test_a_request_has_nothing_of_the_one_before(self):
        token, http = self.token("admin"), self.http()
        self.assertEqual(http.post({"code": 3}, token).status, 200)
        self.assertEqual(http.ask("GET", "/metrics").status, 401)
        http = self.http()
        self.assertEqual(http.post({"code": 3}, token).status, 200)
        socket = Socket(self.address(), http=http)
        self.assertEqual(self.error(socket.call(3)), 44)
        self.assertEqual(self.error(socket.call(1)), 44)

    def test_a_bearer_begins_a_socket(self):
        token = self.token("controller")
        socket = self.socket(Authorization="Bearer " + token)
        self.assertEqual(socket.result(1)["role"], "controller")
        self.assertEqual(self.socket(Authorization="Bearer tt_wrong").handshake.status, 401)


class Ends(Guarded):
    def test_revoked(self):
        viewer, other = self.token(name="eve"), self.token(name="bob")
        line, socket, kept = self.line(viewer), self.socket(viewer), self.line(other)
        socket.result(5, topics=["run"])
        done = self.tool("token", "revoke", "--run", self.run_folder, "eve")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = line.reply()
        self.assertEqual((told["CodeError"], "code" in told), (44, False))
        self.assertIn("revoked", told["Detail"])
        self.assertIsNone(line.reply())
        self.assertEqual(self.error(socket.reply()), 44)
        self.assertIsNone(socket.reply())
        self.assertEqual(socket.code, 1008)
        self.assertIn("time", kept.result(2))
        self.assertEqual(self.http().post({"code": 3}, viewer).status, 401)
        self.assertEqual(self.error(self.line().call(1, token=viewer)), 44)

    def test_expired(self):
        line = self.line(self.token("viewer", "--expires", "2s"))
        self.assertIsInstance(line.result(4)["expires"], float)
        told = line.reply()
        self.assertIn("expired", told["Detail"])
        self.assertIsNone(line.reply())

    def test_a_file_that_others_can_read_lets_nobody_in(self):
        token = self.token()
        line = self.line(token)
        os.chmod(self.run_folder / "tokens", 0o644)
        self.assertEqual(self.error(line.reply()), 44)
        self.assertEqual(self.error(self.line().call(1, token=token)), 44)
        os.chmod(self.run_folder / "tokens", 0o600)
        wait_for("the token is good again", lambda: "result" in self.line().call(1, token=token))

    def test_it_outlives_the_server(self):
        token = self.token("controller")
        self.end(self.server)
        self.server = self.start(TRIMTAB, "serve", "--run", self.run_folder, "--listen", "127.0.0.1:0")
        self.wait_address(self.server)
        self.assertEqual(self.line(token).result(3)["run"]["state"], "waiting")

    def test_it_is_nowhere_but_where_it_was_told(self):
        token = self.token("controller")
        trainer = self.train("--step-us", 500)
        line, http = self.line(token), self.http()
        self.wait_attached(line)
        line.result(20, settings={"lr": 0.01})
        http.post({"code": 16}, token)
        self.socket(token).result(10, text="x")
        self.assertNotIn(token, json.dumps(self.audit(line)) + json.dumps(line.result(9)))
        for query in (f"/?token={token}", f"/api?token={token}"):
            http.ask("GET", query)
        self.kill(trainer)
        self.end(self.server)
        for path in self.run_folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(token.encode(), path.read_bytes(), path.name)
        self.assertNotIn(token, self.log())


class Limits(Guarded):
    def setUp(self):
        super().setUp()
        self.trainer = self.train("--step-us", 500)
        self.wait_attached(self.unix())

    def test_only_what_is_listed(self):
        tuner = self.line(self.token("controller", "--allow", "lr=0.001..0.1", "--allow", "echo", name="tuner"))
        told = tuner.result(4)
        self.assertEqual(told["allow"], ["lr=0.001..0.1", "echo"])
        self.assertNotIn("pause", told["may"])
        self.assertEqual(tuner.result(20, settings={"lr": 0.05})["outcome"], "applied")
        for request in ((20, {"settings": {"lr": 0.5}}), (20, {"settings": {"lr": "x"}}), (20, {"settings": {"lr": 0.05, "batch": 2}}), (16, {}),
                        (18, {}), (10, {"text": "x"}), (21, {"action": "checkpoint"})):
            with self.subTest(request):
                reply = tuner.call(request[0], **request[1])
                self.assertIn(self.error(reply), (44, 43) if request[1].get("settings") == {"lr": "x"} else (44,), reply)
        self.assertEqual(tuner.result(21, action="echo", params={"times": 2})["outcome"], "applied")
        self.assertEqual(self.audit(tuner)[0]["actor"], "tuner")

    def test_so_many_in_a_time(self):
        tuner = self.line(self.token("controller", "--rate", "3/d", name="tuner"))
        self.assertEqual(tuner.result(4)["rate"], "3/d")
        for i in range(3):
            tuner.result(20, settings={"lr": 0.01})
        refused = tuner.call(20, settings={"lr": 0.01})
        self.assertEqual(self.error(refused), 52)
        self.assertIn("3/d", refused["Detail"])
        self.assertIn("run", tuner.result(3))
        again = self.line(self.tokens_of("tuner"))
        self.assertEqual(self.error(again.call(16)), 52, "the rate is the token's, not the connection's")

    def tokens_of(self, name):
        return self.known[name]

    def token(self, role="viewer", *more, name=None):
        self.known = getattr(self, "known", {})
        self.known[name or role] = super().token(role, *more, name=name)
        return self.known[name or role]

    def test_a_person_goes_before_an_agent(self):
        agent, person = self.line(self.token("controller", name="bot")), self.line(self.token("controller", "--person", name="anna"))
        far = self.unix().result(3)["run"]["step"] + 10_000_000
        ticket = agent.result(20, settings={"lr": 0.01}, at_step=far, wait=0)["ticket"]
        other = agent.result(20, settings={"batch": 2}, at_step=far, wait=0)["ticket"]
        by_person = person.result(20, settings={"lr": 0.02}, at_step=far, wait=0)["ticket"]
        follower = self.unix()
        self.assertEqual(person.result(20, settings={"lr": 0.03})["outcome"], "applied")
        outcomes = {record["ticket"]: record for record in self.audit(follower) if record["record"] == "outcome"}
        self.assertEqual(outcomes[ticket]["outcome"], "cancelled")
        self.assertIn("anna", outcomes[ticket]["detail"])
        pending = {one["ticket"] for one in follower.result(3)["pending"]}
        self.assertEqual(pending, {other, by_person})

    def test_its_own_tickets_only(self):
        tuner = self.line(self.token("controller", "--allow", "lr", name="tuner"))
        far = self.unix().result(3)["run"]["step"] + 10_000_000
        own = tuner.result(20, settings={"lr": 0.01}, at_step=far, wait=0)["ticket"]
        foreign = self.unix().result(20, settings={"lr": 0.02}, at_step=far, wait=0)["ticket"]
        pending = {one["ticket"] for one in tuner.result(3)["pending"]}
        self.assertIn(foreign, pending)
        self.assertEqual(self.error(tuner.call(22, ticket=foreign)), 44)
        if own in pending:
            self.assertEqual(tuner.result(22, ticket=own)["outcome"], "cancelled")


class WithoutTokens(Case):
    def test_auth_none(self):
        self.serve()
        wire = self.connect()
        self.assertEqual(wire.result(1)["auth"], "none")
        self.assertEqual(wire.result(1)["role"], "admin")
        http = Http(self.address())
        self.addCleanup(http.close)
        self.assertEqual(http.post({"code": 3}).status, 200)

    def test_the_trainer_does_not_know_the_token(self):
        done = self.tool("run", "--run", self.run_folder, "--listen", "127.0.0.1:0", "--", "sh", "-c", "echo \"<$TRIMTAB_TOKEN>\"",
                         env={"TRIMTAB_TOKEN": "tt_secret"})
        self.assertIn("<>", done.stdout)


if __name__ == "__main__":
    unittest.main()
