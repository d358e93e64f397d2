"""What a notebook shows of a run."""
import html
import os
import re
import subprocess
import sys
import unittest
import unittest.mock

from served import LISTEN, TRIMTAB, Served

from trimtab import notebook
from trimtab.client import Client
from trimtab.error import Error


class Run:
    """As much of a run as a notebook looks at."""

    def __init__(self, folder, name="<b>digits</b>", step=3, total_steps=10, closed=False):
        self.folder, self.name, self.step, self.total_steps, self.closed = folder, name, step, total_steps, closed

    def _repr_html_(self):
        return notebook.html(self)


class Notebook(Served):
    def setUp(self):
        super().setUp()
        patch = unittest.mock.patch.dict(notebook._links, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def guarded(self):
        process = self.start(TRIMTAB, "serve", "--run", self.run_folder, *LISTEN)
        self.wait_address(process)
        return process

    def link_in(self, shown):
        return html.unescape(re.search(r'href="([^"]*)"', shown)[1])

    def test_a_link_that_steers(self):
        self.guarded()
        shown = notebook.html(Run(str(self.run_folder)))
        self.assertRegex(shown, r"^<p><b>run</b>: waiting, step 3/10<br><a href=")
        address, token = re.fullmatch(r"http://(127\.0\.0\.1:\d+)/#token=(tt_.{43})", self.link_in(shown)).groups()
        self.assertNotIn(token, re.sub(r'href="[^"]*"', "", shown))
        with Client(address=address, token=token) as client:
            self.assertEqual((client.greeting["name"], client.greeting["role"]), ("notebook", "controller"))
            self.assertLess(client.describe()["expires"] - client.greeting["time"], 8 * 3600 + 60)
        port = address.rpartition(":")[2]
        self.assertIn(f"<code>ssh -L {port}:{address} {os.uname().nodename}</code>", shown)

    def test_it_is_made_once_and_follows_the_server(self):
        server = self.guarded()
        first = self.link_in(notebook.html(Run(str(self.run_folder))))
        self.assertEqual(self.link_in(notebook.html(Run(str(self.run_folder)))), first)
        self.assertEqual(notebook.link(Run(str(self.run_folder))), first)
        self.end(server)
        self.assertIn("<br>no server yet</p>", notebook.html(Run(str(self.run_folder))))
        self.guarded()
        again = self.link_in(notebook.html(Run(str(self.run_folder))))
        self.assertEqual(again.partition("#")[2], first.partition("#")[2])
        self.assertIn(self.address(), again)
        listed = self.tool("token", "list", "--run", self.run_folder, "--json").stdout
        self.assertEqual(listed.count('"notebook'), 1)

    def test_one_that_has_ended_is_made_anew(self):
        self.guarded()
        first = notebook.link(self.run_folder)
        folder, kept = notebook._links.popitem()
        notebook._links[folder] = kept._replace(expires=1.0)
        self.assertNotEqual(notebook.link(self.run_folder), first)

    def test_a_server_without_tokens(self):
        self.toy()
        shown = notebook.html(Run(str(self.run_folder)))
        self.assertRegex(shown, r"<b>toy</b>: running, step \d+")
        self.assertEqual(self.link_in(shown), f"http://{self.address()}/")

    def test_text_is_text(self):
        shown = notebook.html(Run(None, name='<img src=x onerror=alert(1)>"&', step="<i>"))
        self.assertEqual(re.findall(r"<[^>]*>", shown), ["<p>", "<b>", "</b>", "<br>", "</p>"])
        self.assertIn("not recorded", shown)

    def test_it_never_raises(self):
        class Broken:
            def __getattr__(self, name):
                raise RuntimeError(name)

        class Odd:
            folder = name = step = total_steps = closed = property(lambda self: 1 / 0)
        for run in (Broken(), Odd(), object(), Run("/nowhere"), Run(7), Run(b"\xff"), Run(self.folder)):
            with self.subTest(run=run):
                self.assertRegex(notebook.html(run), "^<p><b>.*</p>$")
        self.guarded()
        with unittest.mock.patch.dict(os.environ, {"TRIMTAB_SERVER": "/nowhere/trimtab"}):
            self.assertIn("no server yet", notebook.html(Run(str(self.run_folder))))
            with self.assertRaisesRegex(Error, "TRIMTAB_SERVER names /nowhere/trimtab"):
                notebook.link(self.run_folder)

    def test_in_ipython(self):
        """The real thing, where it is there: what the kernel would send to the notebook."""
        try:
            import IPython  # noqa: F401
        except ImportError:
            self.skipTest("there is no IPython")
        self.guarded()
        code = ("import sys; from IPython.core.interactiveshell import InteractiveShell\n"
                "from test_notebook import Run\n"
                "shell = InteractiveShell.instance(); shell.display_formatter.active_types = ['text/plain', 'text/html']\n"
                "print(shell.display_formatter.format(Run(sys.argv[1]))[0]['text/html'])")
        path = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])
        environment = dict(os.environ, PYTHONPATH=path, IPYTHONDIR=str(self.folder / "ipython"))
        done = subprocess.run([sys.executable, "-c", code, str(self.run_folder)], env=environment, capture_output=True, text=True)
        self.assertRegex(done.stdout, r'href="http://127\.0\.0\.1:\d+/#token=tt_', done.stderr)


if __name__ == "__main__":
    unittest.main()
