# SPDX-License-Identifier: Apache-2.0
"""Where Socket.IO's own clients meet the broker: started with a configuration for them, and npm's client run in Node."""
import os
import shutil
import subprocess
import unittest

from engineio_configs import CONFIGS
from harness import ROOT, TIMEOUT, BrokerCase, environment, scratch

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.join(ROOT, "broker/web/socketio/node_modules/socket.io-client")
CHAT = os.path.join(ROOT, "config/examples/chat/kodama.yaml")

needs_node = unittest.skipIf(shutil.which("node") is None or not os.path.isdir(PACKAGE),
                             "takes node, and npm ci in broker/web/socketio")


class ClientsCase(BrokerCase):
    config = "clients"

    @classmethod
    def setUpClass(cls):
        file = CHAT if cls.config == "chat" else scratch(cls, "kodama.yaml", CONFIGS[cls.config])
        cls.flags = ("--config", file, "--static.dir=")
        super().setUpClass()

    def origins(self):
        return [f"{scheme}://{host}:{port}" for scheme, (host, port) in (("http", self.broker.http),
                                                                       ("https", self.broker.https))]

    def node(self, script, *arguments, patience=4):
        """Runs it to its end, which must be a good one; returns what it said."""
        done = subprocess.run(["node", os.path.join(HERE, script), *arguments], capture_output=True, text=True,
                              env={**environment(), "NODE_NO_WARNINGS": "1", "KODAMA_CLIENT_SECONDS": str(TIMEOUT)},
                              timeout=patience * TIMEOUT)
        self.assertEqual(done.returncode, 0, f"{script} {arguments}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout
