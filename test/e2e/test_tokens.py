"""Tokens and links, as the verbs make, name and end them, and as a client tells them."""
import hashlib
import json
import os
import pathlib
import pty
import re
import select
import socket
import stat
import subprocess
import time

from harness import PATIENCE, TRIMTAB, Case, wait_for

TOKEN = re.compile(r"tt_[A-Za-z0-9_-]{43}")


class Tokens(Case):
    def setUp(self):
        super().setUp()
        self.environment.pop("TRIMTAB_TOKEN", None)
        self.run_option = ("--run", self.run_folder)

    def serve_tokens(self, *arguments):
        process = self.start(TRIMTAB, "serve", *self.run_option, "--listen", "127.0.0.1:0", *arguments)
        self.wait_address(process)
        return process

    def ended_run(self):
        self.end(self.serve_tokens())

    def token(self, *arguments, **options):
        return self.tool("token", *arguments, *self.run_option, **options)

    def add(self, name, *arguments):
        done = self.token("add", "--name", name, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, rf"^{TOKEN.pattern}\n$")
        return done.stdout.strip()

    def listed(self):
        done = self.token("list")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)["tokens"]

    def refused(self, done, status, *parts):
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertRegex(done.stderr, r"^trimtab: [^\n]+\n$")
        for part in parts:
            self.assertIn(part, done.stderr)

    def on_terminal(self, *command, env=None):
        """(status, what it shows); everything is on a terminal."""
        master, slave = pty.openpty()
        process = self.start(TRIMTAB, *command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env={"TERM": "dumb", **(env or {})})
        os.close(slave)
        shown = b""
        while select.select([master], [], [], PATIENCE)[0]:
            try:
                shown += os.read(master, 65536)
            except OSError:  # the other side is closed
                break
        os.close(master)
        return process.wait(timeout=PATIENCE), shown.decode().replace("\r\n", "\n")

    def hello(self, token):
        with self.connect() as wire:
            return wire.call(1, token=token)


class Verb(Tokens):
    """trimtab token, on the folder of a run that nobody serves."""

    def setUp(self):
        super().setUp()
        self.ended_run()

    def test_what_was_added_is_listed(self):
        before = time.time()
        self.add("tuner", "--role", "controller", "--allow", "lr=1e-5..1e-3", "--allow=checkpoint", "--rate", "20/h", "--expires", "8h")
        self.add("Zoë", "--person")
        self.add("root", "--role=admin", "--expires", "never")
        after = time.time()
        listed = self.listed()
        for entry in listed:
            self.assertTrue(before - 1 <= entry["created"] <= after + 1)
        self.assertAlmostEqual(listed[0].pop("expires"), listed[0]["created"] + 8 * 3600, places=3)
        for entry in listed:
            del entry["created"]
        self.assertEqual(listed, [
            {"name": "tuner", "role": "controller", "kind": "agent", "allow": ["lr=1e-05..0.001", "checkpoint"], "rate": "20/h"},
            {"name": "Zoë", "role": "viewer", "kind": "person"},
            {"name": "root", "role": "admin", "kind": "agent"}])

    def test_the_file_holds_hashes_alone_and_is_its_owners(self):
        token = self.add("tuner")
        path = self.run_folder / "tokens"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(json.loads(path.read_text())["tokens"][0]["hash"], hashlib.sha256(token.encode()).hexdigest())
        for file in self.run_folder.rglob("*"):
            if file.is_file():
                self.assertNotIn(token[3:].encode(), file.read_bytes(), file)

    def test_json_of_add(self):
        done = self.token("add", "--name", "tuner", "--role", "controller", "--expires", "7d", "--json")
        told = json.loads(done.stdout)
        self.assertRegex(told["token"], f"^{TOKEN.pattern}$")
        self.assertEqual((told["name"], told["role"], told["kind"]), ("tuner", "controller", "agent"))
        self.assertAlmostEqual(told["expires"], told["created"] + 7 * 86400, places=3)

    def test_on_a_terminal(self):
        status, shown = self.on_terminal("token", "add", *self.run_option, "--name", "tuner", "--role", "controller", "--rate", "3/min", "--allow", "lr")
        self.assertEqual(status, 0)
        self.assertRegex(shown, rf"^{TOKEN.pattern}\ntrimtab: the token of tuner, a controller: it is told this once and kept nowhere\n$")
        status, shown = self.on_terminal("token", "list", *self.run_option)
        self.assertRegex(shown, r"^tokens +tuner  controller  agent  since \d{4}-\d\d-\d\d \d\d:\d\d  3/min  only lr\n$")
        self.assertNotRegex(shown, TOKEN)

    def test_an_expired_one_is_marked_and_gives_its_name_free(self):
        self.add("tuner", "--expires", "1s")
        wait_for("the end of the token", lambda: self.listed()[0].get("expired"))
        self.assertRegex(self.on_terminal("token", "list", *self.run_option)[1], r"  expired \d{4}-")
        self.add("tuner")
        self.assertEqual(len(self.listed()), 1)

    def test_what_cannot_be_made(self):
        cases = [
            ((), "token add needs --name NAME"),
            (("--name", ""), "1 to 64 bytes"), (("--name", "x" * 65), "1 to 64 bytes"), (("--name", "a\nb"), "printable"), (("--name", " a"), "no space at its ends"),
            (("--name", "a", "--role", "boss"), "--role boss is not known: there are viewer, controller and admin"),
            (("--name", "a", "--allow", "lr"), "allow limits what a controller may do; a viewer changes nothing"),
            (("--name", "a", "--role", "admin", "--allow", "lr"), "an admin is not limited"),
            (("--name", "a", "--rate", "3/s"), "rate limits what a controller may do"),
            (("--name", "a", "--role", "controller", "--rate", "3"), "`3` is not a rate like 5/s"),
            (("--name", "a", "--role", "controller", "--allow", "lr=5"), "`lr=5` holds no range of two numbers"),
            (("--name", "a", "--role", "controller", "--allow", "set"), "set is allowed by naming what"),
            (("--name", "a", "--role", "controller", "--allow", "lr", "--allow", "lr=0..1"), "lr is allowed twice"),
            (("--name", "a", "--role", "controller", *[f"--allow=s{i}" for i in range(33)]), "more than 32 times"),
            (("--name", "a", "--expires", "8"), "--expires takes a time like"), (("--name", "a", "--expires", "0h"), "--expires takes"),
            (("--name", "a", "--expires", "-1h"), "--expires takes"), (("--name", "a", "--expires", "11000d"), "at most ten years"),
            (("tuner",), "token add takes the name with --name tuner"),
        ]
        for arguments, sentence in cases:
            with self.subTest(arguments):
                self.refused(self.token("add", *arguments), 2, sentence)
        self.assertFalse((self.run_folder / "tokens").exists())

    def test_what_is_no_sub_verb(self):
        self.refused(self.token("lst"), 2, "token has no `lst`; did you mean `list`?")
        self.refused(self.token("destroy"), 2, "token takes add, list or revoke")
        self.refused(self.token(), 2, "token needs add | list | revoke")
        self.refused(self.token("list", "tuner"), 2, "token list takes nothing but options")
        self.refused(self.token("revoke"), 2, "needs the names of tokens")
        for option in ("--name=a", "--role=viewer", "--allow=lr", "--rate=3/s", "--expires=8h", "--person"):
            self.refused(self.token("revoke", "tuner", option), 2, option.split("=")[0] + " belongs to `token add`")

    def test_revoke(self):
        for name in ("tuner", "watcher", "other"):
            self.add(name)
        done = self.token("revoke", "tuner", "other")
        self.assertEqual((done.returncode, done.stdout), (0, "revoked tuner: its connections end now\nrevoked other: its connections end now\n"))
        self.assertEqual([entry["name"] for entry in self.listed()], ["watcher"])
        self.refused(self.token("revoke", "wacher"), 1, "there is no token named wacher; did you mean watcher?")
        self.refused(self.token("revoke", "xyz"), 1, "`trimtab token list` names them")
        done = self.token("revoke", "xyz", "watcher")  # the others go all the same
        self.assertEqual((done.returncode, done.stdout), (1, "revoked watcher: its connections end now\n"))
        self.assertEqual(self.listed(), [])

    def test_a_name_that_is_taken(self):
        token = self.add("tuner")
        self.refused(self.token("add", "--name", "tuner"), 1, "there is a token named tuner: revoke it first")
        self.serve_tokens()
        self.assertEqual(self.hello(token)["result"]["name"], "tuner")

    def test_many_at_once(self):
        processes = [subprocess.Popen([TRIMTAB, "token", "add", *self.run_option, "--name", f"t{i}"], env=self.environment,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for i in range(12)]
        tokens = set()
        for process in processes:
            out, err = process.communicate(timeout=PATIENCE)
            self.assertEqual((process.returncode, err), (0, ""))
            tokens.add(out.strip())
        self.assertEqual(len(tokens), 12)
        self.assertEqual({entry["name"] for entry in self.listed()}, {f"t{i}" for i in range(12)})
        self.assertEqual([path.name for path in self.run_folder.glob(".tokens*")], [])

    def test_which_run(self):
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        self.refused(self.tool("token", "list", "--run", self.folder / "nothing"), 1, "there is no run at")
        self.refused(self.tool("token", "list", "--run", elsewhere), 1, "is no run; `trimtab ls` lists your runs")
        self.refused(self.tool("token", "list"), 3, "no live run is known")
        self.assertEqual(list(elsewhere.iterdir()), [])
        self.add("tuner")
        done = self.tool("token", "list", env={"TRIMTAB_RUN": str(self.run_folder)})
        self.assertEqual(json.loads(done.stdout)["tokens"][0]["name"], "tuner")
        self.serve_tokens()
        self.assertEqual(json.loads(self.tool("token", "list").stdout)["tokens"][0]["name"], "tuner")

    def test_a_damaged_file_is_not_overwritten(self):
        path = self.run_folder / "tokens"
        for text, sentence in (("", "does not begin with"), ('{"version":2,"tokens":[]}', "does not begin with"),
                               ('{"version":1,"tokens":[{"name":"a"}]}', "entry 1 lacks a member")):
            path.write_text(text)
            path.chmod(0o600)
            for arguments in (("list",), ("add", "--name", "a"), ("revoke", "a")):
                self.refused(self.token(*arguments), 1, "the run's file `tokens` is damaged", sentence)
            self.assertEqual(path.read_text(), text)
        path.chmod(0o644)
        self.refused(self.token("list"), 1, "is open to others: chmod 600 tokens")
        path.unlink()
        path.symlink_to(self.folder / "aside")
        self.refused(self.token("add", "--name", "a"), 1, "is a symbolic link")
        self.assertFalse((self.folder / "aside").exists())

    def test_rm_takes_them_too(self):
        self.add("tuner")
        self.assertEqual(self.tool("rm", "--yes", self.run_folder).returncode, 0)
        self.assertFalse(self.run_folder.exists())

    def test_completion(self):
        def complete(*words):
            return self.tool("complete", "token", *words).stdout.split()
        self.add("tuner")
        self.add("watcher")
        self.assertEqual(complete(""), ["add", "list", "revoke"])
        self.assertEqual(complete("revoke", "--run", str(self.run_folder), ""), ["tuner", "watcher"])
        self.assertEqual(complete("revoke", "w"), ["watcher"])
        self.assertEqual(complete("add", "--role", ""), ["viewer", "controller", "admin"])
        self.assertEqual(complete("add", "--expires", "8"), ["8h"])
        self.assertEqual(complete("list", ""), [])
        self.assertIn("pause", complete("add", "--allow", ""))


class Link(Tokens):
    def link(self, *arguments):
        done = self.tool("link", *self.run_option, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_it_opens_the_run_as_a_person(self):
        self.serve_tokens()
        link = self.link("--role", "controller").strip()
        self.assertRegex(link, rf"^http://{re.escape(self.address())}/#token={TOKEN.pattern}$")
        hello = self.hello(TOKEN.search(link).group())["result"]
        self.assertEqual((hello["name"], hello["role"]), ("link", "controller"))
        entry, = self.listed()
        self.assertEqual(entry["kind"], "person")
        self.assertAlmostEqual(entry["expires"], entry["created"] + 30 * 86400, places=3)

    def test_names_and_terms(self):
        self.serve_tokens()
        self.link()
        told = json.loads(self.link("--json", "--expires", "never"))
        self.assertEqual((told["name"], told["role"], told["expires"]), ("link-2", "viewer", None))
        told = json.loads(self.link("--json", "--name", "anna", "--role", "admin", "--expires", "2h", "--host", "box.example:443"))
        self.assertEqual((told["name"], told["role"]), ("anna", "admin"))
        self.assertRegex(told["link"], rf"^http://box\.example:443/#token={TOKEN.pattern}$")
        self.assertEqual(self.token("revoke", "link").returncode, 0)
        self.assertEqual(json.loads(self.link("--json"))["name"], "link")

    def test_on_a_terminal(self):
        self.serve_tokens()
        status, shown = self.on_terminal("link", *self.run_option, "--role", "controller")
        port = self.address().rsplit(":", 1)[1]
        self.assertEqual(status, 0)
        self.assertRegex(shown, rf"^http://\S+{TOKEN.pattern}\nwhoever has it is a controller until \d{{4}}-\d\d-\d\d \d\d:\d\d; "
                         rf"to end it: trimtab token revoke --run {self.run_folder} link\n"
                         rf"from elsewhere: ssh -L {port}:127\.0\.0\.1:{port} \S+, and there the same link\n$")

    def test_it_needs_a_server(self):
        self.ended_run()
        self.refused(self.tool("link", *self.run_option), 3, "nobody serves this run", f"trimtab serve --detach --run {self.run_folder}")
        self.refused(self.tool("link"), 3, "no live run is known")
        self.assertFalse((self.run_folder / "tokens").exists())

    def test_what_is_refused(self):
        self.serve_tokens()
        for arguments, sentence in ((("--role", "boss"), "--role boss is not known"), (("--expires", "x"), "--expires takes"),
                                    (("--name", "x" * 65), "1 to 64 bytes"), (("--host", "box"), "--host takes HOST:PORT"),
                                    (("--host", "a/b:80"), "--host takes HOST:PORT"), (("--host", "http://box:80"), "--host takes HOST:PORT")):
            with self.subTest(arguments):
                self.refused(self.tool("link", *self.run_option, *arguments), 2, sentence)
        self.assertFalse((self.run_folder / "tokens").exists())

    def test_a_server_that_needs_no_token(self):
        self.serve()
        self.assertEqual(self.link(), f"http://{self.address()}/\n")
        self.assertFalse((self.run_folder / "tokens").exists())

    def test_a_server_of_all_addresses(self):
        process = self.start(TRIMTAB, "serve", *self.run_option, "--listen", "0.0.0.0:0")
        self.wait_address(process)
        port = self.address().rsplit(":", 1)[1]
        self.assertEqual(self.address(), f"0.0.0.0:{port}")
        self.assertIn(f"http://127.0.0.1:{port}/#token=", self.link())


class Shown(Tokens):
    """What run and serve show: a link on a terminal, no token anywhere else."""

    def test_run(self):
        where = ("--run", self.run_folder, "--listen", "127.0.0.1:0")
        status, shown = self.on_terminal("run", *where, "--", "true")
        self.assertEqual(status, 0)
        self.assertEqual(len(TOKEN.findall(shown)), 1)
        self.assertRegex(shown, rf"  http://127\.0\.0\.1:\d+/#token={TOKEN.pattern}\n  to steer from the browser: \S+ link --role controller --run {self.run_folder}\n")
        self.assertEqual([(entry["name"], entry["role"]) for entry in self.listed()], [("link", "viewer")])
        shown = self.on_terminal("run", *where, "--link", "controller", "--", "true")[1]
        self.assertEqual(len(TOKEN.findall(shown)), 1)
        self.assertNotIn("to steer", shown)
        self.assertEqual([(entry["name"], entry["role"]) for entry in self.listed()], [("link", "viewer"), ("link-2", "controller")])
        shown = self.on_terminal("run", *where, "--link", "none", "--", "true")[1]
        self.assertNotRegex(shown, TOKEN)
        done = self.tool("run", *where, "--", "true")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertNotRegex(done.stderr, TOKEN)
        self.assertEqual(len(self.listed()), 2)

    def test_serve_in_the_background(self):
        where = ("serve", *self.run_option, "--listen", "127.0.0.1:0", "--detach", "--until-idle", "60")
        status, shown = self.on_terminal(*where)
        self.addCleanup(self.tool, "shutdown", *self.run_option)
        self.assertEqual(status, 0)
        token, = TOKEN.findall(shown)
        self.assertEqual(self.hello(token)["result"]["role"], "viewer")
        pid = (self.run_folder / "lock").read_text().split()[0]
        self.assertEqual(self.tool("shutdown", *self.run_option).returncode, 0)
        wait_for("the server's end", lambda: not pathlib.Path(f"/proc/{pid}").exists())
        done = self.tool(*where)
        self.assertEqual(set(json.loads(done.stdout)), {"address", "run", "pid"})
        self.assertNotIn(token[3:], (self.run_folder / "server.log").read_text())
        self.assertNotRegex((self.run_folder / "server.log").read_text(), TOKEN)
        self.assertEqual(len(self.listed()), 1)

    def test_serve_on_a_terminal(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        process = self.start(TRIMTAB, "serve", *self.run_option, "--listen", "127.0.0.1:0", stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        shown = b""

        def is_shown():
            nonlocal shown
            if select.select([master], [], [], 0.01)[0]:
                shown += os.read(master, 65536)
            return b"to steer from the browser" in shown
        wait_for("the link", is_shown)
        self.assertEqual(self.hello(TOKEN.search(shown.decode()).group())["result"]["name"], "link")
        self.end(process)

    def test_without_tokens_there_is_a_warning(self):
        done = self.tool("run", "--run", self.run_folder, "--listen", "127.0.0.1:0", "--auth", "none", "--", "true")
        self.assertEqual((done.returncode, done.stderr.splitlines()[0]), (0, "trimtab: --auth none: everybody on this machine can steer the run"))
        shown = self.on_terminal("run", "--run", self.run_folder, "--listen", "127.0.0.1:0", "--auth", "none", "--", "true")[1]
        self.assertRegex(shown, r"  http://127\.0\.0\.1:\d+/\n")
        self.assertFalse((self.run_folder / "tokens").exists())

    def test_read_only(self):
        self.ended_run()
        process = self.start(TRIMTAB, "serve", self.run_folder, "--read-only", "--listen", "127.0.0.1:0", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        told = json.loads(process.stdout.readline())
        self.assertRegex(told["link"], rf"^http://{re.escape(told['address'])}/#token={TOKEN.pattern}$")
        done = self.tool("status", "--connect", told["address"], env={"TRIMTAB_TOKEN": TOKEN.search(told["link"]).group()})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse((self.run_folder / "tokens").exists())

    def test_what_is_refused(self):
        for arguments, sentence in ((("--auth", "tokens"), "--auth tokens is not known: there are token and none"),
                                    (("--link", "boss"), "--link boss is not known"), (("--host", "box:80"), "--host takes a host name, without a port"),
                                    (("--host", ""), "--host takes a host name")):
            with self.subTest(arguments):
                self.refused(self.tool("serve", *self.run_option, *arguments), 2, sentence)
        self.assertFalse(self.run_folder.exists())


class Told(Tokens):
    """What the verbs say hello with over TCP."""

    def setUp(self):
        super().setUp()
        self.server = self.serve_tokens()
        self.secret = self.add("anna")
        self.where = ("--connect", self.address())

    def test_by_the_environment(self):
        done = self.tool("clients", *self.where, env={"TRIMTAB_TOKEN": self.secret})
        me, = [client for client in json.loads(done.stdout)["result"]["clients"] if client.get("you")]
        self.assertEqual((me["name"], me["role"], me["transport"]), ("anna", "viewer", "tcp"))

    def test_by_a_file(self):
        path = self.folder / "secret"
        for text in (self.secret, self.secret + "\n", self.secret + "\r\nmore\n"):
            path.write_text(text)
            path.chmod(0o600)
            done = self.tool("status", *self.where, "--token-file", path, env={"TRIMTAB_TOKEN": "tt_another"})
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        path.chmod(0o640)
        done = self.tool("status", *self.where, "--token-file", path)
        self.assertEqual((done.returncode, done.stderr), (0, f"trimtab: others can read the token in {path}: chmod 600 {path}\n"))

    def test_by_standard_input_of_which_one_line_is_taken(self):
        done = subprocess.run([TRIMTAB, "call", *self.where, "--token-file", "-"], env=self.environment, capture_output=True, text=True,
                              timeout=PATIENCE, input=f'{self.secret}\n{{"code":2}}\n{{"code":3}}\n')
        self.assertEqual([json.loads(line)["code"] for line in done.stdout.splitlines()], [2, 3], done.stderr)

    def test_files_without_a_token(self):
        path = self.folder / "secret"
        self.refused(self.tool("status", *self.where, "--token-file", path), 2, f"cannot read --token-file {path}: No such file")
        path.write_text("\n" + self.secret)
        self.refused(self.tool("status", *self.where, "--token-file", path), 2, "holds no token in its first line")
        path.write_text("x" * 257)
        self.refused(self.tool("status", *self.where, "--token-file", path), 2, "is longer than a token")
        self.refused(self.tool("status", *self.where, "--token-file", self.folder), 2, "Is a directory")
        self.refused(self.tool("status", *self.where, env={"TRIMTAB_TOKEN": "x" * 257}), 2, "TRIMTAB_TOKEN is longer")
        self.refused(self.tool("status", *self.where, env={"TRIMTAB_TOKEN": "a b"}), 2, "characters in it that no token has")

    def test_without_one(self):
        done = self.tool("status", *self.where)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["CodeError"], 44)
        self.assertIn("a token is needed", done.stderr)
        self.assertIn("; it is taken from $TRIMTAB_TOKEN or --token-file", done.stderr)

    def test_a_wrong_one(self):
        self.refused(self.tool("status", *self.where, env={"TRIMTAB_TOKEN": self.secret[:-1]}), 1, "the server does not take the token")

    def test_the_own_socket_needs_none(self):
        for environment in ({}, {"TRIMTAB_TOKEN": "tt_anothers"}, {"TRIMTAB_TOKEN": "no token"}, {"TRIMTAB_TOKEN": self.secret}):
            done = self.tool("clients", *self.run_option, env=environment)
            me, = [client for client in json.loads(done.stdout)["result"]["clients"] if client.get("you")]
            self.assertEqual((me["role"], me["transport"]), ("admin", "unix"))

    def test_a_run_whose_socket_is_gone_is_reached_by_its_address(self):
        (self.run_folder / "sock").unlink()
        done = self.tool("clients", *self.run_option, env={"TRIMTAB_TOKEN": self.secret})
        self.assertEqual(done.returncode, 0, done.stderr)
        me, = [client for client in json.loads(done.stdout)["result"]["clients"] if client.get("you")]
        self.assertEqual((me["name"], me["transport"]), ("anna", "tcp"))
        self.refused(self.tool("clients", *self.run_option), 1, "a token is needed", "; it is taken from $TRIMTAB_TOKEN or --token-file")

    def test_another_program_at_the_address_is_not_told_the_token(self):
        self.kill(self.server)
        (self.run_folder / "sock").unlink()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            (self.run_folder / "address").write_text("127.0.0.1:%d" % listening.getsockname()[1])
            process = self.start(TRIMTAB, "status", *self.run_option, env={"TRIMTAB_TOKEN": self.secret}, keep_output=True)
            connection = listening.accept()[0]
            connection.settimeout(PATIENCE)
            heard = connection.recv(4096)
            reply = {"code": 1, "id": json.loads(heard)["id"], "result": {"run": {"folder": "/another/run"}}}
            connection.sendall(json.dumps(reply).encode() + b"\n")
            while more := connection.recv(4096):
                heard += more
            connection.close()
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 3)
        self.assertNotIn(self.secret[3:].encode(), heard)

    def test_no_process_shows_it(self):
        watching = self.start(TRIMTAB, "watch", *self.where, "--json", env={"TRIMTAB_TOKEN": self.secret}, keep_output=True)
        watching.stdout.readline()
        for process in (watching, self.server):
            self.assertNotIn(self.secret[3:].encode(), pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes())
        self.assertNotIn(self.secret[3:], self.log())

    def test_one_that_is_revoked_ends_what_it_had_begun(self):
        environment = {"TRIMTAB_TOKEN": self.secret}
        watching = self.start(TRIMTAB, "watch", *self.where, "--json", env=environment, keep_output=True)
        waiting = self.start(TRIMTAB, "wait", *self.where, "--step", "5", env=environment, keep_output=True)
        watching.stdout.readline()
        admin = self.unix()
        wait_for("both", lambda: sum(client["topics"] != [] for client in admin.result(9)["clients"]) == 2)
        self.assertEqual(self.token("revoke", "anna").returncode, 0)
        err = watching.communicate(timeout=PATIENCE)[1].decode()
        self.assertEqual(watching.returncode, 3)
        self.assertIn("Not authorised (44)", err)
        err = waiting.communicate(timeout=PATIENCE)[1].decode()
        self.assertEqual(waiting.returncode, 1)
        self.assertIn("the server does not take the token", err)

    def test_the_trainer_does_not_inherit_it(self):
        done = self.tool("run", "--run", self.folder / "other", "--listen", "127.0.0.1:0", "--", "env", env={"TRIMTAB_TOKEN": self.secret})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("TRIMTAB_RUN=", done.stdout)
        self.assertNotIn("TRIMTAB_TOKEN", done.stdout)
