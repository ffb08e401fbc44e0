# SPDX-License-Identifier: Apache-2.0
"""`make image`: which builder is taken, and with which words. The builders are scripts that write down how they were called."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import tree

VERSION = re.search(r"^project\(kodama VERSION ([\d.]+)", tree.text("CMakeLists.txt"), re.M)[1]
NEEDED = ("bash", "dirname", "env", "git", "sed")


class Image(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = scratch.name
        for name in NEEDED:
            os.symlink(shutil.which(name), os.path.join(self.path, name))

    def builder(self, name, works=True):
        path = os.path.join(self.path, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'#!/usr/bin/env bash\n[[ $1 != info ]] || exit {0 if works else 1}\necho "called: {name} $*"\n')
        os.chmod(path, 0o755)

    def image(self, **environment):
        return subprocess.run([os.path.join(tree.ROOT, "setup/image.sh")], env={"PATH": self.path, **environment},
                              capture_output=True, text=True, check=False)

    def called(self, **environment):
        ended = self.image(**environment)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return re.search(r"^called: (.*)$", ended.stdout, re.M)[1]

    def test_without_a_builder_it_says_what_to_install(self):
        self.builder("docker", works=False)  # a client without its daemon
        ended = self.image()
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stderr, r"neither docker nor podman nor buildah .* apt-get install buildah")

    def test_it_takes_the_first_one_that_works(self):
        self.builder("docker", works=False)
        self.builder("podman")
        self.builder("buildah")
        self.assertRegex(self.called(), f"^podman build --file deploy/Dockerfile --tag kodama:{re.escape(VERSION)} ")
        self.assertRegex(self.called(BUILDER="buildah"), "^buildah build ")

    def test_a_builder_that_was_asked_for_and_is_not_there_is_a_mistake(self):
        self.builder("podman")
        self.assertEqual(self.image(BUILDER="buildah").returncode, 1)
        self.assertEqual(self.image(BUILDER="kaniko").returncode, 2)

    def test_names_are_handed_on(self):
        self.builder("buildah")
        called = self.called(IMAGE="registry.example/kodama:7", BASE="registry.example/debian:12")
        self.assertIn(" --tag registry.example/kodama:7 ", called)
        self.assertIn(" --build-arg BASE=registry.example/debian:12 ", called)
        self.assertIn(f" --build-arg VERSION={VERSION} ", called)
        self.assertNotIn("BASE=", self.called())  # the Dockerfile has a default


if __name__ == "__main__":
    unittest.main()
