#!/usr/bin/env python3
"""Fills the template of a manual page with what the program, the tables and the public headers say of themselves.

Usage: fill.py TEMPLATE OUTPUT [VERSION [SOURCE...]]
A line `@@verbs` of the template becomes what `trimtab VERB --help` says, `@@intro` and `@@functions` the comments and
declarations of a header, any other `@@name` the table of that name. A SOURCE is the program that knows, or the header."""
import os
import pathlib
import re
import subprocess
import sys


def escape(text):
    """A text as troff shows it."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    text = text.replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"(?m)^(?=\.)", r"\\&", text)


def breakable(text):
    """A word as long as half a line may end behind each comma in it."""
    return re.sub(r"\S{40,}", lambda word: re.sub(r",(?=.)", ",\\:", word.group()), text)


def is_code(line):
    return line.startswith("    ") or line.endswith(");")


def prose(lines):
    """Paragraphs, and what stands indented in them, or ends as a call does, as it is."""
    out, block = [], []

    def end():
        if block and is_code(block[0]):
            out.extend([".PP", ".RS 4", ".EX", *(escape(line.removeprefix("    ")) for line in block), ".EE", ".RE"])
        elif block:
            out.extend([".PP", breakable(escape("\n".join(line.strip() for line in block)))])
        block.clear()
    for line in lines:
        if not line.strip():
            end()
            continue
        if block and is_code(line) != is_code(block[0]):
            end()
        block.append(line)
    end()
    return out


# ---- the program's own help ----

def ask(*command):
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    done = subprocess.run(command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def details(paragraphs):
    out = []
    for paragraph in paragraphs:
        lines = paragraph.splitlines()
        if re.match(r"Examples?: ", lines[0]):
            lines = [re.sub(r"^Examples?: +", "", line).strip() for line in lines]
            out += [".PP", ".EX", *map(escape, lines), ".EE"]
        else:
            out += [".PP", re.sub(r"\n(?=Exit status:)", "\n.br\n", escape(paragraph))]
    return out


def verb(text):
    usage, summary, options, *rest = text.strip("\n").split("\n\n")
    out = [f".SS {escape(usage.removeprefix('usage: '))}", escape(summary[0].upper() + summary[1:] + ".")]
    for option in options.splitlines():
        found = re.match(r"  --(\S+)( \S+)?  +(\S.*)$", option)
        if not found:
            sys.exit(f"not the form of an option: {option!r}")
        name, value, what = found.groups()
        out += [".TP", f"\\fB{escape('--' + name)}\\fR" + (f" \\fI{escape(value.strip())}\\fR" if value else ""), escape(what)]
    return out + details(rest)


def verbs(program):
    listed = re.findall(r"(?m)^  (\w[\w-]*) +\S", ask(program, "help"))
    return [line for name in listed if name != "help" for line in verb(ask(program, name, "--help"))]


# ---- a public header ----

def comment_lines(comment):
    lines = comment.strip()[2:-2].split("\n")
    return [re.sub(r"^ ?\*? ?", "", line, count=1) if i else line.strip() for i, line in enumerate(lines)]


def declaration(code):
    """As one would write it: no attributes, no bodies of inline functions, lines not too long."""
    code = re.sub(r"(?s)\)\n\{.*?\n\}", ");", code)
    out = []
    for part in re.split(r"(?m)(?<=;)\n(?=\S)", code.strip("\n")):
        if re.match(r"TRIMTAB_API|static inline", part):
            part = re.sub(r"^(TRIMTAB_API|static inline) ", "", part)
            part = re.sub(r"\s+TRIMTAB_PRINTF\(.*?\)", "", part)
            part = break_lines(re.sub(r"\s+", " ", part))
        out.append(part)
    return "\n".join(out)


def break_lines(prototype):
    """Between parameters."""
    lines = [""]
    for part in re.split(r"(?<=, )", prototype):
        if len(lines[-1] + part.rstrip()) > 78:
            lines[-1] = lines[-1].rstrip()
            lines.append("        ")
        lines[-1] += part
    return "\n".join(lines)


def items(header):
    """(comment, code) of each declaration, and (title, None) of each section."""
    body = header[header.index("#define TRIMTAB_API"):header.rindex("#ifdef __cplusplus")]
    body = re.sub(r"(?m)^#(ifndef|ifdef|endif|define TRIMTAB_(API|PRINTF)).*\n", "", body)
    comment, code = "", ""
    for token in re.findall(r"(?s)/\* ---- .*? ---- \*/|(?<=\n)/\*.*?\*/|\n\n|[^\n]+|\n", "\n" + body):
        title = re.match(r"/\* ---- (.*) ---- \*/", token)
        starts = title or (token.startswith("/*") and code.strip())
        if starts or (token == "\n\n" and code.count("{") == code.count("}")):
            if comment.strip() or code.strip():
                yield comment, code
            comment = code = ""
        if title:
            yield title.group(1), None
        elif token.startswith("/*") and not code.strip():
            comment = token
        else:
            code += token
    if code.strip():
        yield comment, code


def functions(header):
    out = []
    for comment, code in items(pathlib.Path(header).read_text()):
        if code is None:
            out.append(f".SS {escape(comment[0].upper() + comment[1:])}")
            continue
        if code.strip():
            out += [".PP", ".EX", *(escape(line) for line in declaration(code).split("\n")), ".EE"]
        if comment.strip():
            out += [".RS 4", *prose(comment_lines(comment)), ".RE"]
    return out


def intro(header):
    text = pathlib.Path(header).read_text()
    lines = comment_lines(text[:text.index("*/") + 2])
    first = re.sub(r"^\S+\.h: ", "", lines[0])
    return prose([first[0].upper() + first[1:]] + lines[1:])


# ---- the page ----

def main():
    template, output, version, *sources = sys.argv[1:]
    page = []
    for line in pathlib.Path(template).read_text().replace("@VERSION@", version).split("\n"):
        name = line.removeprefix("@@")
        if name == line:
            page.append(line)
        elif name in ("verbs", "functions", "intro"):
            page += {"verbs": verbs, "functions": functions, "intro": intro}[name](sources[0])
        else:
            page.append(ask(sources[0], name).rstrip("\n"))
    pathlib.Path(output).write_text("\n".join(page))


if __name__ == "__main__":
    main()
