"""trimtab.aio.Client: many requests at once, cancelled ones, events as an asynchronous iterator."""
import asyncio
import os
import signal
import unittest

from served import LISTEN, PATIENCE, TRIMTAB, Served, wait_for

from trimtab import aio, error


class Asynchronous(Served):
    def within(self, work):
        """Runs it on an event loop of its own, in debug mode."""
        async def bounded():
            return await asyncio.wait_for(work, 2 * PATIENCE)
        return asyncio.run(bounded(), debug=True)

    def test_many_at_once(self):
        self.toy()

        async def work():
            async with aio.Client(self.run_folder) as client:
                self.assertEqual(client.folder, str(self.run_folder.resolve()))
                asked = [client.act("echo", {"text": str(n)}) for n in range(20)] + [client.ping() for _ in range(20)]
                asked += [client.status(), client.describe(), client.say("hello")]
                told = await asyncio.gather(*asked)
                self.assertEqual([one["result"]["text"] for one in told[:20]], [str(n) for n in range(20)])
                self.assertTrue(all("time" in one for one in told[20:40]))
                self.assertEqual(len(await client.audit()), 3)
                self.assertEqual((await client.clients())["total"], 2)  # the test's own way to it, too
        self.within(work())

    def test_a_slow_one_holds_up_no_other_code(self):
        self.toy()

        async def work():
            async with aio.Client(self.run_folder) as client:
                gate = self.folder / "gate"
                held = asyncio.create_task(client.act("hold", {"path": str(gate)}))
                second = asyncio.create_task(client.act("echo", {"text": "second"}))
                self.assertIn("time", await client.ping())
                self.assertFalse(held.done() or second.done())
                gate.touch()
                self.assertEqual((await held)["outcome"], "applied")
                self.assertEqual((await second)["result"]["text"], "second")
        self.within(work())

    def test_a_cancelled_task_leaves_the_connection_in_step(self):
        self.toy()

        async def work():
            async with aio.Client(self.run_folder) as client:
                self.server.send_signal(signal.SIGSTOP)
                asked = [asyncio.create_task(client.act("echo", {"text": str(n)})) for n in range(10)]
                asked += [asyncio.create_task(client.ping()) for _ in range(10)]
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                for one in asked[::2]:
                    one.cancel()
                self.server.send_signal(signal.SIGCONT)
                told = await asyncio.gather(*asked, return_exceptions=True)
                self.assertTrue(all(isinstance(one, asyncio.CancelledError) for one in told[::2]))
                self.assertEqual([one["result"]["text"] for one in told[1:10:2]], ["1", "3", "5", "7", "9"])
                self.assertTrue(all("time" in one for one in told[11::2]))
                self.assertEqual((await client.act("echo", {"text": "after"}))["result"]["text"], "after")
        self.within(work())

    def test_a_timeout(self):
        self.toy()

        async def work():
            async with aio.Client(self.run_folder) as client:
                self.server.send_signal(signal.SIGSTOP)
                client.timeout = 0.05
                for _ in range(2):  # the second one waits for its turn in vain
                    with self.assertRaisesRegex(TimeoutError, "did not answer in time"):
                        await client.ping()
                self.server.send_signal(signal.SIGCONT)
                client.timeout = PATIENCE
                self.assertIn("time", await client.ping())
        self.within(work())

    def test_arrays_and_refusals(self):
        self.toy()

        async def work():
            async with aio.Client(self.run_folder) as client:
                paused, failed = await client.requests([{"code": "pause"}, {"code": "act", "action": "fail"}])
                self.assertTrue(paused["changed"])
                self.assertIsInstance(failed, error.Refused)
                with self.assertRaises(error.RequestError) as refused:
                    await client.set(lr=7.0)
                self.assertEqual(refused.exception.code_error, 43)
                self.assertEqual((await client.set({"lr": 0.5}, batch=4))["outcome"], "applied")
                with self.assertRaises(ValueError):
                    await client.requests([])
                with self.assertRaises(TypeError):
                    await client.set(lr=object())
                self.assertIn("time", await client.ping())
        self.within(work())

    def test_events(self):
        self.toy()

        async def work():
            async with aio.Client(self.run_folder) as client:
                async with client.events("outcomes", timeout=PATIENCE) as events:
                    ticket = (await client.set(lr=0.5))["ticket"]
                    self.assertEqual((await events.__anext__())["ticket"], ticket)
                    events.timeout = 0.02
                    with self.assertRaisesRegex(TimeoutError, "within 0.02 s"):
                        await events.__anext__()
                steps = []
                async for event in client.events("scalars", series="toy/*"):
                    steps += [point[1] for point in event["points"]]
                    if len(steps) > 200:
                        break
                self.assertEqual(steps[1:], list(range(steps[1], steps[1] + len(steps) - 1)))
                await client.subscribe("messages")
                await client.say("one")
                self.assertEqual((await client.next_event(PATIENCE))["text"], "one")
                with self.assertRaises(TimeoutError):
                    await client.next_event(0.01)
        self.within(work())

    def test_a_cancelled_wait_for_an_event_loses_none(self):
        self.toy()

        async def work():
            async with aio.Client(self.run_folder) as client, client.events("messages", timeout=PATIENCE) as events:
                got = []
                for n in range(30):
                    waiting = asyncio.ensure_future(events.__anext__())
                    await client.say(str(n))
                    waiting.cancel()
                    try:
                        got.append((await waiting)["text"])
                    except asyncio.CancelledError:
                        pass
                while not got or got[-1] != "29":
                    got.append((await events.__anext__())["text"])
                self.assertEqual(got, [str(n) for n in range(30)])
        self.within(work())

    def test_breaks(self):
        self.toy()

        async def work():
            async with aio.Client(self.run_folder) as client, client.events("messages", timeout=PATIENCE) as events:
                await client.say("before")
                first = await events.__anext__()
                self.server.send_signal(signal.SIGSTOP)  # so that the request is under way
                asked = asyncio.create_task(client.ping())
                await asyncio.sleep(0.01)
                self.kill(self.server)
                with self.assertRaises(error.ConnectionLost):
                    await asked
                with self.assertRaises(error.NoServer):
                    await client.ping()
                restart = asyncio.get_running_loop().run_in_executor(None, self.serve)
                again = await events.__anext__()
                await restart
                self.assertEqual(again["event"], "gap")
                self.assertNotEqual(again["cursor"]["epoch"], first["cursor"]["epoch"])
                self.assertIn("time", await client.ping())
            with self.assertRaisesRegex(error.ConnectionLost, "closed"):
                await client.ping()
        self.within(work())

    def test_it_ends_with_the_run(self):
        self.toy()

        async def work():
            async with aio.Client(self.run_folder) as client, client.events("run", timeout=PATIENCE) as events:
                await client.stop()
                self.end(self.server)
                self.assertEqual([event["state"] async for event in events][-1], "finished")
                self.assertEqual([event async for event in events], [])
        self.within(work())

    def test_nobody_there(self):
        self.recorded("--steps", 10)

        async def work():
            with self.assertRaisesRegex(error.NoServer, "trimtab serve"):
                async with aio.Client(self.run_folder):
                    pass
            with self.assertRaisesRegex(error.NoServer, "nobody listens"):
                await aio.Client(address="127.0.0.1:1").ping()
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(20):
                with self.assertRaises(error.NoServer):
                    await aio.Client(self.run_folder).connect()
            self.assertEqual(len(os.listdir("/proc/self/fd")), before)
        self.within(work())

    def test_over_tcp_with_a_token(self):
        process = self.start(TRIMTAB, "serve", "--run", self.run_folder, *LISTEN)
        self.wait_address(process)
        link = self.tool("link", "--run", self.run_folder, "--role", "controller", "--name", "bot").stdout.strip()
        token = link.partition("#token=")[2]

        async def work():
            with self.assertRaises(error.NotAuthorised):
                await aio.Client(address=self.address()).connect()
            async with aio.Client(address=self.address(), token=token) as client:
                self.assertEqual(client.greeting["name"], "bot")
                async with client.events("run", timeout=PATIENCE) as events:
                    await events.__anext__()
                    revoked = self.tool("token", "revoke", "--run", self.run_folder, "bot")
                    self.assertEqual(revoked.returncode, 0)
                    with self.assertRaises(error.NotAuthorised):
                        async for _ in events:
                            pass
                await asyncio.get_running_loop().run_in_executor(None, wait_for, "the end", lambda: client._connection.ended)
                with self.assertRaises(error.NotAuthorised):
                    await client.ping()
        self.within(work())


if __name__ == "__main__":
    unittest.main()
