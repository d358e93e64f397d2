"""Steering a real trainer over a real socket: each control request, and what is said of it."""
import json
import unittest

from harness import Case, wait_for


class Steered(Case):
    toy_arguments = ()

    def setUp(self):
        super().setUp()
        self.server = self.serve()
        self.trainer = self.train("--step-us", 200, *self.toy_arguments)
        self.wire = self.connect()
        self.wait_attached(self.wire)

    def step(self):
        return self.wire.result(3)["run"]["step"]


class Control(Steered):
    def test_set_tells_old_requested_effective_and_revision(self):
        before = self.step()
        result = self.wire.result(20, id="a1", settings={"lr": 0.01, "batch": 16, "flag": True, "mode": "1e3"}, reason="why not")
        self.assertEqual(result["outcome"], "applied")
        self.assertGreaterEqual(result["step"], before)
        self.assertEqual(result["settings"]["lr"], {"old": 0.1, "requested": 0.01, "effective": 0.01, "revision": 1})
        self.assertEqual(result["settings"]["mode"], {"old": "slow", "requested": "1e3", "effective": "1e3", "revision": 1})
        self.assertEqual(result["settings"]["flag"]["effective"], True)
        status = self.wire.result(3)
        self.assertEqual(status["settings"]["lr"], {"value": 0.01, "revision": 1})
        self.assertEqual(status["settings"]["batch"]["value"], 16)

    def test_effective_is_what_the_setter_took(self):
        result = self.wire.result(20, settings={"guarded": 0.4})
        self.assertEqual(result["settings"]["guarded"], {"old": 0, "requested": 0.4, "effective": 0.25, "revision": 1})

    def test_a_setters_refusal_sets_everything_back(self):
        reply = self.wire.call(20, settings={"lr": 0.02, "guarded": 0.9})
        self.assertEqual((reply["CodeError"], reply["Error"]), (46, "0x2E"))
        self.assertIn("must not exceed 0.5", reply["Detail"])
        self.assertGreater(reply["ticket"], 0)
        self.assertEqual(self.wire.result(3)["settings"]["lr"]["value"], 0.1)

    def test_out_of_range_is_refused_before_it_is_accepted(self):
        for settings in ({"lr": 7}, {"lr": "x"}, {"batch": 1.5}, {"batch": 65}, {"mode": "none"}, {"flag": 1}, {"nope": 1}):
            reply = self.wire.call(20, settings=settings)
            self.assertEqual(reply["CodeError"], 43, reply)
        self.assertEqual(self.audit(self.wire), [])

    def test_of_two_that_expect_a_revision_one_wins(self):
        self.assertEqual(self.wire.result(20, settings={"lr": 0.2}, revisions={"lr": 0})["settings"]["lr"]["revision"], 1)
        reply = self.wire.call(20, settings={"lr": 0.3}, revisions={"lr": 0})
        self.assertEqual((reply["CodeError"], reply["Message"]), (50, "Revision conflict"))
        self.assertEqual(self.wire.result(3)["settings"]["lr"], {"value": 0.2, "revision": 1})

    def test_pause_holds_and_resume_goes_on(self):
        self.assertTrue(self.wire.result(16)["changed"])
        self.assertFalse(self.wire.result(16)["changed"])
        paused = self.step()
        self.assertEqual(self.wire.result(3)["run"]["state"], "paused")
        for _ in range(20):  # whatever is asked meanwhile is carried out, and no step passes
            self.wire.result(20, settings={"lr": 0.5})
        self.assertEqual(self.step(), paused)
        self.assertTrue(self.wire.result(17)["changed"])
        self.assertFalse(self.wire.result(17)["changed"])
        wait_for("further steps", lambda: self.step() > paused)

    def test_advance_runs_so_many_steps(self):
        at = self.wire.result(16)["step"]
        result = self.wire.result(19, steps=7)
        self.assertEqual((result["step"], result["pause_step"]), (at, at + 7))
        status = self.wait_status(self.wire, "the pause", lambda s: s["run"]["state"] == "paused")
        self.assertEqual(status["run"]["step"], at + 7)

    def test_at_step_is_the_first_that_uses_it(self):
        at = self.step() + 200
        result = self.wire.result(20, settings={"lr": 0.25}, at_step=at)
        self.assertEqual(result["step"], at)

    def test_stop_ends_the_loop_in_good_order(self):
        self.assertEqual(self.wire.result(18)["outcome"], "applied")
        self.assertEqual(self.trainer.wait(timeout=30), 0)
        self.wait_status(self.wire, "the end", lambda s: s["run"]["state"] == "finished" and not s["trainer"]["attached"])
        for code, members in ((16, {}), (17, {}), (18, {}), (19, {"steps": 1}), (20, {"settings": {"lr": 0.1}}), (21, {"action": "echo"})):
            self.assertEqual(self.wire.call(code, **members)["CodeError"], 45)

    def test_actions_and_their_results(self):
        self.assertEqual(self.wire.result(21, action="echo")["result"], {"text": "hello", "times": 1})
        text = "quote \" back \\ line\n tab\t \u00e9 \U0001f600"
        self.assertEqual(self.wire.result(21, action="echo", params={"text": text, "times": 3})["result"], {"text": text, "times": 3})
        reply = self.wire.call(21, action="fail")
        self.assertEqual((reply["CodeError"], reply["Detail"]), (46, "this action always fails"))
        for members in ({"action": "none"}, {"action": "echo", "params": {"times": 11}}, {"action": "echo", "params": {"x": 1}}):
            self.assertEqual(self.wire.call(21, **members)["CodeError"], 43)

    def test_an_action_has_a_sentence(self):
        told = {action["name"]: action for action in self.wire.result(4)["actions"]}
        self.assertEqual((told["lengthen"]["doc"], told["echo"]["doc"]), ("trains on to this step", ""))
        self.assertEqual(told["lengthen"]["params"][0]["name"], "steps")

    def test_the_number_of_steps_is_learned_late(self):
        wait_for("some steps", lambda: self.step() > 50)
        self.assertIsNone(self.wire.result(3)["run"].get("total"))
        series = self.wire.result(4)["series"]
        self.wire.result(5, topics=["run"])
        self.wire.result(21, action="lengthen", params={"steps": 10 ** 9})
        self.assertEqual(self.wire.event("run", lambda e: e["total"])["total"], 10 ** 9)
        status = self.wait_status(self.wire, "a rate", lambda s: s["run"]["rate"])
        self.assertEqual(status["run"]["total"], 10 ** 9)
        self.assertGreater(status["run"]["eta"], 0)
        self.assertEqual([one["name"] for one in self.wire.result(4)["series"]], [one["name"] for one in series])
        self.wire.result(16)
        last = self.step() + 20
        self.wire.result(21, action="lengthen", params={"steps": last})
        self.assertEqual(self.wire.event("run", lambda e: e["total"] != 10 ** 9)["total"], last)
        self.wire.result(17)
        self.assertEqual(self.trainer.wait(timeout=30), 0)
        self.wait_status(self.wire, "the end", lambda s: s["run"]["state"] == "finished" and not s["trainer"]["attached"])
        ended = self.wire.result(3)["run"]
        self.assertEqual((ended["step"], ended["total"]), (last, last))
        self.end(self.server)
        listed, = json.loads(self.tool("ls").stdout)["runs"]
        self.assertEqual((listed["step"], listed["total"]), (last, last))  # as stored

    def test_restore_moves_the_step_back(self):
        wait_for("some steps", lambda: self.step() > 50)
        self.wire.result(16)
        self.wire.result(21, action="restore", params={"step": 10})
        self.assertEqual(self.step(), 10)

    def test_cancel_withdraws_what_was_not_taken(self):
        pending = self.wire.result(20, settings={"lr": 0.3}, at_step=10 ** 12, wait=0)
        self.assertEqual(pending["outcome"], "pending")
        self.assertEqual(self.wire.result(3)["pending"][0]["ticket"], pending["ticket"])
        self.assertEqual(self.wire.result(22, ticket=pending["ticket"]), {"ticket": pending["ticket"], "outcome": "cancelled"})
        self.assertEqual(self.wire.result(3)["pending"], [])
        done = self.wire.result(20, settings={"lr": 0.3})["ticket"]
        self.assertEqual(self.wire.result(22, ticket=done)["outcome"], "applied")  # too late: the true outcome
        self.assertEqual(self.wire.call(22, ticket=9999)["CodeError"], 43)

    def test_the_asker_of_a_cancelled_request_is_told(self):
        other = self.connect()
        self.wire.send({"code": 20, "id": "w", "settings": {"lr": 0.3}, "at_step": 10 ** 12})
        ticket = wait_for("the request", lambda: other.result(3)["pending"])[0]["ticket"]
        other.result(22, ticket=ticket)
        self.assertEqual(self.wire.reply()["CodeError"], 48)

    def test_deadline_and_until_step_expire(self):
        reply = self.wire.call(20, settings={"lr": 0.3}, at_step=10 ** 12, deadline=0.05)
        self.assertEqual((reply["CodeError"], reply["Message"]), (47, "Expired"))
        reply = self.wire.call(20, settings={"lr": 0.3}, at_step=10 ** 12, until_step=self.step() + 5)
        self.assertEqual(reply["CodeError"], 47)

    def test_wait_runs_out_and_the_request_lives_on(self):
        self.wire.result(16)
        reply = self.wire.result(20, settings={"lr": 0.3}, at_step=self.step() + 3, wait=0.05)
        self.assertEqual(reply["outcome"], "pending")
        self.wire.result(19, steps=10)
        self.wait_status(self.wire, "the change", lambda s: s["settings"]["lr"]["value"] == 0.3)

    def test_the_same_code_twice_is_refused_and_the_first_is_answered(self):
        self.wire.send({"code": 20, "id": 1, "settings": {"lr": 0.3}, "at_step": 10 ** 12, "deadline": 0.5})
        self.wire.send({"code": 20, "id": 2, "settings": {"lr": 0.3}})
        first, second = self.wire.reply(), self.wire.reply()
        self.assertEqual((first["id"], first["CodeError"], first["Message"]), (2, 41, "Many request with same code"))
        self.assertEqual((second["id"], second["CodeError"]), (1, 47))
        self.assertEqual(self.wire.result(20, settings={"lr": 0.3})["outcome"], "applied")

    def test_the_table_of_pending_requests_is_bounded(self):
        wires = [self.connect() for _ in range(66)]
        for wire in wires:
            wire.send({"code": 20, "settings": {"lr": 0.3}, "at_step": 10 ** 12, "wait": 0})
        replies = [wire.reply() for wire in wires]
        self.assertEqual(sum("result" in reply for reply in replies), 64)
        self.assertEqual([reply["CodeError"] for reply in replies if "result" not in reply], [52, 52])
        self.assertEqual(len(self.wire.result(3)["pending"]), 64)

    def test_the_audit_tells_the_same_story(self):
        self.wire.result(1, name="anna")
        applied = self.wire.result(20, settings={"lr": 0.3}, reason="plateau")
        refused = self.wire.call(21, action="fail")
        records = self.audit(self.wire)
        self.assertEqual([(r["ticket"], r["record"]) for r in records],
                         [(applied["ticket"], "accepted"), (applied["ticket"], "outcome"),
                          (refused["ticket"], "accepted"), (refused["ticket"], "outcome")])
        self.assertEqual((records[0]["actor"], records[0]["reason"], records[0]["request"]),
                         ("anna (claimed)", "plateau", {"code": 20, "settings": {"lr": 0.3}, "reason": "plateau"}))
        self.assertEqual(records[1]["values"]["settings"], applied["settings"])
        self.assertEqual((records[3]["outcome"], records[3]["error"]), ("refused", 46))
        self.assertEqual(self.wire.result(8, ticket=refused["ticket"])["records"][0]["sequence"], 3)
        self.assertEqual(self.tool("audit", "--verify", "--run", self.run_folder).returncode, 0)

    def test_over_the_unix_socket_the_kernel_says_who(self):
        unix = self.unix()
        unix.result(20, settings={"lr": 0.3})
        self.assertNotIn("claimed", self.audit(self.wire)[0]["actor"])
        self.assertNotEqual(self.audit(self.wire)[0]["actor"], "anonymous")


class Schedule(Steered):
    """The trainer's own code changes lr at every step."""
    toy_arguments = ("--schedule",)

    def test_an_undone_request_is_shown_as_overridden(self):
        self.wire.result(5, topics=["settings"])
        ticket = self.wire.result(20, settings={"lr": 0.5})["ticket"]
        mine = self.wire.event("setting", lambda e: e["name"] == "lr" and e["by"] == ticket)
        self.assertEqual(mine["value"], 0.5)
        undone = self.wire.event("setting", lambda e: e["name"] == "lr" and e.get("overrides") == ticket)
        self.assertEqual((undone["by"], undone["value"]), ("trainer", 0.25))
        self.assertEqual(undone["revision"], mine["revision"])  # a schedule does not count


if __name__ == "__main__":
    unittest.main()
