# SPDX-License-Identifier: Apache-2.0
"""That the broker starts at all on this machine. Where io_uring is forbidden, this says so first, and how to allow it."""
import os
import signal
import subprocess
import tempfile
import unittest


class Start(unittest.TestCase):
    def test_it_starts_here_and_ends_when_told(self):
        with tempfile.TemporaryDirectory() as state:
            flags = [f"--listen.{each}=127.0.0.1:0" for each in ("http", "https", "admin")]
            broker = subprocess.Popen([os.environ["KODAMA_BINARY"], "serve", "--dev", "true", *flags],
                                      env={**os.environ, "XDG_STATE_HOME": state}, stdout=subprocess.PIPE, text=True)
            banner = []
            with broker.stdout:
                for line in broker.stdout:
                    banner.append(line)
                    if line.startswith("publish: "):
                        broker.send_signal(signal.SIGTERM)
            self.assertEqual(0, broker.wait(30), "its words are above")
            self.assertRegex("".join(banner), r"(?m)^publish: curl ")


if __name__ == "__main__":
    unittest.main()
