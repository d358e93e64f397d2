"""A run with its server and a toy for a trainer, for the tests of what reads and steers: this process is the client."""
import os
import unittest.mock

import support
from harness import LISTEN, ROOT, TRIMTAB, wait_for
from support import PATIENCE

__all__ = ["LISTEN", "PATIENCE", "ROOT", "TRIMTAB", "Served", "wait_for"]


class Served(support.Case):
    def setUp(self):
        super().setUp()
        patch = unittest.mock.patch.dict(os.environ, {"TRIMTAB_SERVER": TRIMTAB})  # the program that this process asks
        patch.start()
        self.addCleanup(patch.stop)

    def toy(self, *arguments, run=None):
        """A server, and a trainer that has begun and goes on for ever."""
        self.server = self.serve(run=run)
        self.trainer = self.train(*(arguments or ("--step-us", 200)), run=run)
        self.wait_attached(self.unix(run))

    def recorded(self, *arguments, run=None):
        """A run that has ended, with nobody there any more."""
        server = self.serve(run=run)
        self.assertEqual(self.train(*arguments, run=run).wait(PATIENCE), 0)
        self.wait_status(self.unix(run), "the end of the run", lambda s: s["run"]["state"] == "finished")
        self.assertEqual(self.end(server), 0)
