#!/usr/bin/env python3
"""The manual names every verb with its options, every code, error, topic and public function, and troff takes it without a word.
Usage: test_man.py SOURCE BUILT TRIMTAB"""
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

SOURCE, BUILT, TRIMTAB = (pathlib.Path(path).resolve() for path in sys.argv[1:4])
PAGES = ["trimtab.1", "trimtab.3", "trimtab-client.3", "trimtab-protocol.7"]


def table(name):
    """The arguments of each line NAME(...) of a table of the protocol or the verbs."""
    text = (SOURCE / "src" / name).read_text()
    return [re.split(r", ?", line) for line in re.findall(r"(?m)^[A-Z]+\((.*)\)$", text)]


class Man(unittest.TestCase):
    def page(self, name):
        return (BUILT / name).read_text()

    def shown(self, name):
        """As a person reads it: on one line, without blanks between."""
        done = subprocess.run(["groff", "-man", "-Tutf8", "-P-cbou", "-rLL=200n", BUILT / name], capture_output=True, text=True, check=True)
        return " ".join(done.stdout.replace("\u2010", "-").replace("\u2212", "-").split())

    def test_every_verb_with_its_options(self):
        page = self.page("trimtab.1")
        verbs = table("cli/verbs.def")
        self.assertGreater(len(verbs), 10)
        for verb, *_ in verbs:
            section = re.search(rf"(?ms)^\.SS trimtab {verb} (.*?)(?=^\.S[SH] )", page)
            self.assertIsNotNone(section, verb)
            help = subprocess.run([TRIMTAB, verb, "--help"], capture_output=True, text=True, check=True).stdout
            for option in re.findall(r"(?m)^  --([\w-]+)", help):
                self.assertIn("\\fB\\-\\-" + option.replace("-", "\\-") + "\\fR", section.group(1), verb)

    def test_every_code_parameter_error_topic_and_limit(self):
        page = self.page("trimtab-protocol.7")
        codes = table("protocol/codes.def")
        self.assertGreater(len(codes), 10)
        for number, _, name, *_ in codes:
            self.assertIn(f".B {number} (0x{int(number):02X}) {name}\n", page)
        for number, _, message in table("protocol/errors.def"):
            self.assertIn(f".B {number} (0x{int(number):02X})\n{message[1:-1]}", page)
        for _, _, topic in table("protocol/topics.def"):
            self.assertRegex(page, rf"@?\b{topic}\b[,.]")
        for name, number, unit, *_ in table("protocol/limits.def"):
            self.assertIn(f".B {number} {unit[1:-1]}\n", page, name)
        params = (SOURCE / "src/protocol/params.def").read_text()
        for param in re.findall(r"(?m)^ARG\(\w+, (\w+)\)$", params):
            self.assertIn(f".I {param}\\fR: ", page)

    def test_every_public_function_as_it_is_declared(self):
        for page, header in (("trimtab.3", "trimtab.h"), ("trimtab-client.3", "client.h")):
            text = self.page(page)
            functions = re.findall(r"(?s)TRIMTAB_API [^;]*?\b(trimtab_\w+)\(", (SOURCE / "include/trimtab" / header).read_text())
            self.assertGreater(len(functions), 9)
            for function in functions:
                self.assertRegex(text, rf"(?m)^\w.*\b{function}\(", f"{header}: {function}")
        exported = (SOURCE / "test/unit/exported_symbols.txt").read_text().split()
        for name in exported:
            self.assertIn(name + "(", self.page("trimtab.3"))

    def test_nothing_is_left_of_the_template(self):
        for name in PAGES:
            self.assertNotRegex(self.page(name), r"@@|@VERSION@", name)

    @unittest.skipUnless(shutil.which("groff"), "no groff")
    def test_troff_takes_it_without_a_word(self):
        for name in PAGES:
            done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", BUILT / name], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)

    @unittest.skipUnless(shutil.which("groff"), "no groff")
    def test_what_a_person_reads(self):
        self.assertIn("--resume go on with the run", self.shown("trimtab.1"))
        self.assertIn("int trimtab_control_point(trimtab_run *run, int64_t *step);", self.shown("trimtab.3"))
        self.assertIn("for (int64_t step = 0; trimtab_control_point(run, &step) != TRIMTAB_STOP; step++)", self.shown("trimtab.3"))
        self.assertIn("20 (0x14) set change settings, all or none.", self.shown("trimtab-protocol.7"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
