# SPDX-License-Identifier: Apache-2.0
"""The plan of test_differential.py, made from a seed: what is said on which topic, in which fragments, and who listens
with which library in which way. differential_client.mjs reads the same plan, as files."""
import bisect
import json
import os
import random

HALF = 1 << 18  # of the pool: text, then bytes
LIBRARIES = ("python", "python deflate", "node", "node deflate")
LETTERS = "abcdefgh, :{}\"0123456789éüß€漢😀"


class Plan:
    def __init__(self, seed, messages, round_messages=125):
        self.random = random.Random(seed)
        self.pool = self._make_pool()
        starts = [at for at in range(HALF) if self.pool[at] & 0xC0 != 0x80]
        self.starts = starts  # of characters
        self.topics = []
        self.connections = []
        count = max(1, messages // (2 * len(LIBRARIES)))
        for number in range(2 * len(LIBRARIES)):  # a publisher of each library alone, and one that hears itself
            self._add_topic(f"differential {number}", LIBRARIES[number % 4], number < 4, count)
        self.rounds = [(at, min(at + round_messages, count)) for at in range(0, count, round_messages)]
        self.messages = count * len(self.topics)

    def _make_pool(self):
        chosen = self.random
        words = ["".join(chosen.choices(LETTERS, k=chosen.randrange(1, 12))) for _ in range(2000)]
        text = "".join(chosen.choices(words, k=HALF // 4)).encode()[:HALF].decode(errors="ignore").encode().ljust(HALF)
        noise = bytearray()
        while len(noise) < HALF:
            noise += chosen.choice((chosen.randbytes(500), bytes(800), chosen.randbytes(7) * 200))
        return text + bytes(noise[:HALF])

    def _size(self):
        way = self.random.random()
        if way < 0.1:
            return self.random.choice((0, 0, 1, 2, 125, 126, 127, 255, 256))
        most = 11 if way < 0.88 else 14 if way < 0.99 else 16
        return int(2 ** self.random.uniform(0, most))

    def _message(self, by_character):
        """[text?, begin, end, cuts] in the pool."""
        chosen, is_text, size = self.random, self.random.random() < 0.6, self._size()
        begin = chosen.randrange(HALF - size) + (0 if is_text else HALF)
        end = begin + size
        if is_text:
            begin, end = self._character(begin), self._character(end)
        cuts = []
        if chosen.random() < 0.4:
            cuts = sorted(chosen.randint(begin, end) for _ in range(chosen.randint(1, 6)))
            if is_text and by_character:
                cuts = [min(self._character(cut), end) for cut in cuts]
        return [is_text, begin, end, cuts]

    def _character(self, at):
        return self.starts[min(bisect.bisect_left(self.starts, at), len(self.starts) - 1)]

    def _add_topic(self, name, library, only, count):
        by_character = library.startswith("python")  # which takes text as str alone
        topic = len(self.topics)
        self.topics.append({"name": name, "messages": [self._message(by_character) for _ in range(count)]})
        self._connect(topic, library, publishes=True, listens=not only)
        for each in LIBRARIES:
            self._connect(topic, each, publishes=False, listens=True)

    def _connect(self, topic, library, publishes, listens):
        chosen = self.random
        self.connections.append({
            "topic": topic, "library": library, "publishes": publishes, "listens": listens,
            "scheme": chosen.choice(("ws", "ws", "ws", "wss")),
            "client_bits": chosen.choice((9, 12, 15)), "server_bits": chosen.choice((9, 12, 15)),
            "client_resets": chosen.random() < 0.5, "threshold": chosen.choice((0, 1024))})

    def write(self, directory, origins):
        with open(os.path.join(directory, "pool"), "wb") as file:
            file.write(self.pool)
        with open(os.path.join(directory, "plan.json"), "w", encoding="utf-8") as file:
            json.dump({"origins": origins, "topics": self.topics, "connections": self.connections}, file)
