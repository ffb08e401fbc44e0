// SPDX-License-Identifier: Apache-2.0
// What was published, what was acknowledged and what was delivered, and whether these agree: each topic's offsets are
// filled without holes, each holds one message, the same for everybody, the one that was acknowledged there, and each
// publisher's messages stand in the order in which it sent them.
// Thread: the program's only one.
// Errors: what disagrees goes to Findings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/swarm/content.h"
#include "tests/e2e/swarm/findings.h"

namespace swarm {

class Ledger {
 public:
  Ledger(unsigned topics, unsigned publishers, Sizes sizes, Findings& findings);

  // A publisher is about to send its next message to the topic.
  [[nodiscard]] Identity next(unsigned publisher, unsigned topic);
  void acknowledged(const Identity& identity, std::uint64_t offset, std::string_view epoch);
  // `members`: of the delivery, behind its offset.
  void delivered(unsigned topic, std::uint64_t offset, std::string_view members);
  void epoch(unsigned topic, std::string_view epoch);

  [[nodiscard]] const Sizes& sizes() const { return sizes_; }
  [[nodiscard]] const std::string& name(unsigned topic) const { return topics_[topic].name; }
  // The highest offset that anybody knows of.
  [[nodiscard]] std::uint64_t newest(unsigned topic) const { return topics_[topic].slots.size() - 1; }
  // Messages of that publisher that somebody has received.
  [[nodiscard]] std::uint64_t seen(unsigned publisher) const { return seen_[publisher]; }
  [[nodiscard]] std::uint64_t sent(unsigned publisher) const;
  [[nodiscard]] std::uint64_t sent_total() const;
  [[nodiscard]] std::uint64_t known_total() const;

  // When everything has arrived.
  void check();

 private:
  struct Slot {
    Identity identity;
    bool known = false;
    bool acknowledged = false;
    std::string members;  // empty: nobody has received it yet
  };
  struct Topic {
    std::string name;
    std::vector<Slot> slots;          // by offset; the first one is not used
    std::vector<std::uint64_t> sent;  // by publisher
    std::string epoch;
  };
  Slot& slot(unsigned topic, std::uint64_t offset);
  void identify_as(Slot& slot, const Identity& identity, std::uint64_t offset, const char* by);
  void check_topic(unsigned topic);

  Sizes sizes_;
  Findings& findings_;
  std::vector<Topic> topics_;
  std::vector<std::uint64_t> seen_;
};

}  // namespace swarm
