# SPDX-License-Identifier: Apache-2.0
"""Where the tables of Engine.IO and Socket.IO are played: on the broker, started with the configuration that a class
names, or on a reference implementation that runs already.

KODAMA_REFERENCE="steady=127.0.0.1:3101 quick=127.0.0.1:3102 …" names one server for each configuration; each must do
by code what the configuration says. There, what is marked as Beyond must fail, so that the marks stay true.
"""
import os
import unittest

from engineio_configs import CONFIGS
from engineio_words import Beyond, Stage
from harness import SLOW, Broker, BrokerCase, run_kodama, scratch, trusting

REFERENCE = dict(each.split("=") for each in os.environ.get("KODAMA_REFERENCE", "").split())
BEYOND_SECONDS = 1.5  # in which the reference must have shown that it does otherwise


class ProtocolCase(BrokerCase):
    config = ""

    @classmethod
    def setUpClass(cls):
        if REFERENCE:
            return
        file = scratch(cls, "kodama.yaml", CONFIGS[cls.config])
        cls.broker = Broker("--config", file, *cls.flags)

    @classmethod
    def tearDownClass(cls):
        if not REFERENCE:
            cls.broker.stop()

    @classmethod
    def address(cls, wire):
        if REFERENCE:
            host, port = REFERENCE[cls.config].split(":")
            return host, int(port)
        return cls.broker.https if wire.get("tls") else cls.broker.http

    @staticmethod
    def wires():
        """How to connect: in clear, and by TLS."""
        return [{}] if REFERENCE else [{}, {"tls": trusting()}]

    def check(self, rules):
        """Plays each case over each transport, in clear and by TLS; under the sanitizers over either in turn."""
        rows = [(rule, name, steps, transport) for rule in rules for name, steps in rule.cases.items()
                for transport in rule.transports]
        wires = self.wires()
        for number, (rule, name, steps, transport) in enumerate(rows):
            for wire in [wires[number % len(wires)]] if SLOW else wires:
                way = f"{transport}{', TLS' if wire.get('tls') else ''}"
                with self.subTest(f"{rule.part}: {rule.says}: {name}", way=way):
                    if REFERENCE and isinstance(steps, Beyond):
                        self.must_differ(rule, steps, transport)
                    else:
                        self.play(rule, steps, transport, wire)

    def play(self, rule, steps, transport, wire):
        with Stage(rule, transport, self.address(wire), **wire) as stage:
            stage.play(steps)

    def must_differ(self, rule, steps, transport):
        try:
            self.play(rule, steps, transport, {"timeout": BEYOND_SECONDS})
        except AssertionError:
            return
        self.fail(f"the reference does so too, and is said not to: {steps.why}")
