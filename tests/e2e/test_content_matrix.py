# SPDX-License-Identifier: Apache-2.0
"""Each way into a topic, each way out of it, and each kind of content: content_matrix.py's table, walked."""
import functools
import os
import re
import unittest

from content_matrix import COLUMNS, MATRIX
from content_ways import CONFIG, TOPIC, WAYS_OUT, EngineOut, EnginePollingOut, Place, SocketOut, SocketPollingOut, WaysIn
from harness import ROOT, Broker, BrokerCase, scratch

BEGIN = "begin"  # what is behind it is the table's


class Table(unittest.TestCase):
    def test_the_readme_has_the_same_rows_and_columns(self):
        with open(os.path.join(ROOT, "proto/README.md"), encoding="utf-8") as file:
            table = re.search(r"^\| kind \|.*\n(?:\|.*\n)+", file.read(), re.M)[0]
        head, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]
        self.assertEqual(head, ["kind", "comes in as", *COLUMNS])
        self.assertEqual([cells[0] for cells in rows], list(MATRIX))
        self.assertEqual({len(cells) for cells in rows}, {len(head)})

    def test_each_cell_is_filled_and_each_way_is_gone(self):
        used = set()
        for row in MATRIX.values():
            self.assertEqual(tuple(row.leaves), COLUMNS)
            for specimen in row.specimens:
                used |= {way for way, *_ in row.comes(specimen)}
        self.assertEqual(used, {"post", "line", "native", "raw", "engineio", "socketio", "wamp1", "wamp2"})
        self.assertEqual({each.column for each in WAYS_OUT}, set(COLUMNS))


class Matrix:
    """On so many shards. Each way out that stays with its connection is there on each of them."""
    shards = 0

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("--config", scratch(cls, "kodama.yaml", CONFIG), "--static.dir=", shards=cls.shards)

    def open_way_out(self, way):
        connect = functools.partial(way.connect, self.broker)
        opened = [way(client) for client in (self.broker.on_each_shard(connect) if way.stays else [connect()])]
        for each in opened:
            self.addCleanup(each.close)
            each.subscribe()
        return opened

    def test_every_way(self):
        outs = [each for way in WAYS_OUT for each in self.open_way_out(way)]
        clients = {type(out): out.client for out in outs}
        ways_in = WaysIn(self.broker, self.enterContext, engineio=(clients[EngineOut], clients[EnginePollingOut]),
                         socketio=(clients[SocketOut], clients[SocketPollingOut]))
        at = Place(**self.broker.publish(TOPIC, BEGIN))
        for out in outs:
            out.begin(BEGIN)
        for kind, row in MATRIX.items():
            for specimen in row.specimens:
                for way, *what in row.comes(specimen):
                    for say in ways_in.each(way, what):
                        at = Place(at.epoch, at.offset + 1)
                        for out in outs:
                            out.ask(at)
                        say()
                        for out in outs:
                            self.check(out, out.receive(), at, f"{kind}, by {way} {what!r:.100}",
                                       row.leaves[out.column](specimen))

    def check(self, out, received, at, said, cell):
        with self.subTest(said, out=out):
            self.assertEqual(out.content(received, at), out.expects(cell))


class OnOneShard(Matrix, BrokerCase):
    shards = 1


class OnThreeShards(Matrix, BrokerCase):
    shards = 3


if __name__ == "__main__":
    unittest.main()
