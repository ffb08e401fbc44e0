# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can check (CONTRIBUTING.md has them all): walks the tree and builds nothing.

Run by tests/run.py, or alone: /usr/bin/python3 tests/tidy.py
"""
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ("proto", "config", "broker", "tests", "setup", "cmake", "bench", "deploy")
CODE = (".cc", ".h", ".js", ".mjs", ".py", ".sh", ".css")
TEXT = CODE + (".md", ".cmake", ".txt", ".yaml", ".yml", ".json", ".html")

# A file has at most so many lines. Those that had more when the rule came stand here with their number, which may only
# be lowered.
LINES_MAX = 400
COLUMNS_MAX = 132  # 120 is what clang-format makes of it
LONGER = {}

# What a folder's files may include of ours, by folder; the build enforces the same with include roots, this says it
# sooner and also for headers that nothing compiles alone.
MAY_INCLUDE = {
    "proto": ("proto",),
    "config": ("config",),
    "broker/base": ("broker/base",),
    "broker/io": ("broker/io", "broker/base", "config/limits.h"),
    "broker/topics": ("broker/topics", "broker/base", "config/limits.h"),
    "broker/net": ("broker/net", "broker/io", "broker/base", "proto", "config"),
    "broker/shard": ("broker/shard", "broker/topics", "broker/net", "broker/io", "broker/base", "proto", "config"),
    "broker/admin": ("broker/admin", "broker/base", "proto", "config"),
    "broker/web": ("broker/web", "broker/base", "proto", "config"),
}
# One foreign interface, one place. The value: where its headers may be included.
FOREIGN = {
    r"<liburing": r"broker/io/",
    r"<openssl/": r"broker/net/",
    r"<prometheus/|\"prometheus/": r"broker/admin/",
    r"<civetweb|CivetServer": r"broker/admin/",
    r"yaml-cpp": r"config/",
    r"CLI/CLI|<CLI": r"config/",
}

# Words that do not stand in our code, and what does instead. Files that may hold one are named.
BANNED = [
    (r"\bthread_local\b", "pass what belongs to a shard", ()),
    (r"\b(?:shared_ptr|make_shared|weak_ptr)\b", "one owner; what crosses shards counts itself", ()),
    (r"\bstd::(?:recursive_|shared_)?mutex\b|absl::Mutex|condition_variable", "shards share nothing that is locked",
     ("broker/admin/", "broker/shard/shard_threads.h", "broker/shard/socket_desk.")),
    (r"\b(?:throw|try)\b(?=[^;]*[;{])", "errors are values", ("config/", "broker/admin/")),
    (r"\b(?:usleep|nanosleep|sleep_for|sleep_until|::sleep)\s*\(", "timers, or waiting for what happens", ()),
    (r"\bstd::(?:cout|cerr|endl)\b", "the log", ()),
    (r"\b(?:rand|srand|strcpy|strcat|sprintf|gets|atoi)\s*\(", "its safe counterpart", ()),
    (r"\[=\]", "name what is captured", ()),
    (r"using namespace (?!std::(?:chrono|[a-z_]*literals)\b)",
     "qualify, or an alias", ()),
]
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
# Longer than a look at something that cannot be waited for (a metric, /proc), which may be repeated every 50 ms at most.
SLEEP_IN_TEST = re.compile(r"this_thread::sleep|\b(?:usleep|nanosleep)\s*\(|time\.sleep\((?!0\.0[0-5])|"
                           r"(?:await |Promise\().*setTimeout")


def files(*extensions, under=FOLDERS):
    """Every file of ours, as (path from the root, text)."""
    for folder in under:
        for place, folders, names in os.walk(os.path.join(ROOT, folder)):
            folders[:] = [name for name in folders if name not in ("node_modules", "corpus", "__pycache__", "vectors")]
            for name in sorted(names):
                if name.endswith(extensions):
                    path = os.path.join(place, name)
                    with open(path, encoding="utf-8") as file:
                        yield os.path.relpath(path, ROOT), file.read()


def top_pages():
    for name in os.listdir(ROOT):
        if name.endswith(".md"):
            with open(os.path.join(ROOT, name), encoding="utf-8") as file:
                yield name, file.read()


def without_comments(line):
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', line).split("//")[0]


class Tidy(unittest.TestCase):
    maxDiff = None

    def check(self, faults):
        self.assertEqual([], list(faults), "\n" + "\n".join(faults))

    def test_files_are_short(self):
        faults = []
        for path, text in files(*CODE):
            lines = text.count("\n")
            most = LONGER.get(path, LINES_MAX)
            if lines > most:
                faults.append(f"{path}: {lines} lines, at most {most}")
            if path in LONGER and lines <= LINES_MAX:
                faults.append(f"{path}: is short now; take it out of LONGER")
        self.check(faults + [f"{path}: in LONGER, but there is no such file" for path in LONGER
                             if not os.path.exists(os.path.join(ROOT, path))])

    def test_files_name_their_licence(self):
        self.check([f"{path}: no SPDX-License-Identifier in the first two lines" for path, text in files(*CODE)
                    if text and "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.splitlines()[:2])])

    def test_headers_say_what_they_are_for(self):
        faults = []
        for path, text in files(".h"):
            lines = text.splitlines()
            if not re.search(r"^#pragma once$", text, re.M):
                faults.append(f"{path}: no #pragma once")
            if len(lines) < 2 or not lines[1].startswith("// "):
                faults.append(f"{path}: its second line does not say what it is for")
        self.check(faults)

    def test_no_file_ends_or_continues_in_blanks(self):
        faults = []
        for path, text in files(*TEXT):
            faults += [f"{path}:{number}: blanks at the end, or a tab" for number, line in enumerate(text.split("\n"), 1)
                       if line != line.rstrip() or "\t" in line]
            if text and not text.endswith("\n"):
                faults.append(f"{path}: no newline at the end")
        self.check(faults)

    def test_lines_fit(self):
        self.check([f"{path}:{number}: {len(line)} columns, at most {COLUMNS_MAX}"
                    for path, text in files(*CODE) for number, line in enumerate(text.splitlines(), 1)
                    if len(line) > COLUMNS_MAX])

    def test_includes_go_one_way(self):
        faults = []
        for path, text in files(".cc", ".h", under=("proto", "config", "broker")):
            # The parts list of the program.
            if path in ("broker/main.cc", "broker/doors.h", "broker/doors.cc", "broker/dialects.h"):
                continue
            folder = max((key for key in MAY_INCLUDE if path.startswith(key + "/")), key=len, default=None)
            self.assertIsNotNone(folder, f"{path}: a folder that MAY_INCLUDE does not know")
            for number, line in enumerate(text.splitlines(), 1):
                ours = re.match(r'#include "((?:proto|config|broker|tests)/[^"]+)"', line)
                if ours and not any(ours[1] == may or ours[1].startswith(may + "/") for may in MAY_INCLUDE[folder]):
                    faults.append(f"{path}:{number}: {folder} may not include {ours[1]}")
                if not line.startswith("#include"):
                    continue
                faults += [f"{path}:{number}: only {where} includes that" for what, where in FOREIGN.items()
                           if re.search(what, line) and not path.startswith(where)]
        self.check(faults)

    def test_banned_words(self):
        faults = []
        for path, text in files(".cc", ".h", under=("proto", "config", "broker")):
            for number, line in enumerate(text.splitlines(), 1):
                code = without_comments(line)
                faults += [f"{path}:{number}: {line.strip()}   (instead: {instead})" for word, instead, places in BANNED
                           if re.search(word, code) and not path.startswith(places or ("\0",))]
        self.check(faults)

    def test_nothing_is_left_unfinished(self):
        self.check([f"{path}:{number}: {line.strip()}" for path, text in files(*TEXT)
                    for number, line in enumerate(text.splitlines(), 1) if UNFINISHED.search(line)])

    def test_a_sleep_in_a_test_says_why(self):
        """A sleep makes a test slow or unsure. Where time itself is the subject, the line or the one above says so."""
        faults = []
        for path, text in files(".cc", ".h", ".py", ".mjs", under=("tests",)):
            lines = text.splitlines()
            for number, line in enumerate(lines):
                above = lines[number - 1] if number else ""
                if SLEEP_IN_TEST.search(line) and not re.search(r"//|#", line + above) and path != "tests/tidy.py":
                    faults.append(f"{path}:{number + 1}: {line.strip()}")
        self.check(faults)

    def test_every_folder_says_what_lives_in_it(self):
        inner = [f"broker/{name}" for name in os.listdir(f"{ROOT}/broker") if os.path.isdir(f"{ROOT}/broker/{name}")]
        self.check([f"{folder}/README.md is missing" for folder in [".", "proto", "config", "broker", "tests", "deploy", *inner]
                    if not os.path.exists(os.path.join(ROOT, folder, "README.md"))])

    def test_links_between_pages_lead_somewhere(self):
        faults = []
        for path, text in [*files(".md"), *top_pages()]:
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
                if not re.match(r"[a-z]+:", target) and not os.path.exists(
                        os.path.join(ROOT, os.path.dirname(path), target)):
                    faults.append(f"{path}: there is no {target}")
        self.check(faults)


if __name__ == "__main__":
    unittest.main()
