// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/ledger.h"

#include <numeric>

namespace swarm {
namespace {

std::string describe(const Identity& identity) {
  return "message " + std::to_string(identity.sequence) + " of publisher " + std::to_string(identity.publisher) +
         " in topic " + std::to_string(identity.topic);
}

}  // namespace

Ledger::Ledger(unsigned topics, unsigned publishers, Sizes sizes, Findings& findings)
    : sizes_(sizes), findings_(findings), topics_(topics), seen_(publishers) {
  for (Topic& topic : topics_) {
    topic.name = topic_name(static_cast<unsigned>(&topic - topics_.data()));
    topic.slots.resize(1);
    topic.sent.resize(publishers);
  }
}

Identity Ledger::next(unsigned publisher, unsigned topic) {
  return {publisher, topic, ++topics_[topic].sent[publisher]};
}

Ledger::Slot& Ledger::slot(unsigned topic, std::uint64_t offset) {
  std::vector<Slot>& slots = topics_[topic].slots;
  // An offset far beyond what was sent is a breach; it must not cost us our memory.
  const std::uint64_t sent = std::accumulate(topics_[topic].sent.begin(), topics_[topic].sent.end(), std::uint64_t{0});
  if (offset == 0 || offset > sent) {
    findings_.fail("topic " + std::to_string(topic) + " has offset " + std::to_string(offset) + " after " +
                   std::to_string(sent) + " messages");
    return slots[0];
  }
  if (slots.size() <= offset) slots.resize(offset + 1);
  return slots[offset];
}

void Ledger::identify_as(Slot& slot, const Identity& identity, std::uint64_t offset, const char* by) {
  if (&slot == topics_[identity.topic].slots.data()) return;
  if (!slot.known) {
    slot.known = true;
    slot.identity = identity;
  } else if (slot.identity != identity) {
    findings_.fail(std::string(by) + " offset " + std::to_string(offset) + " is " + describe(identity) +
                   ", but it was " + describe(slot.identity));
  }
}

void Ledger::acknowledged(const Identity& identity, std::uint64_t offset, std::string_view epoch_text) {
  if (!epoch_text.empty()) epoch(identity.topic, epoch_text);
  Slot& found = slot(identity.topic, offset);
  if (found.acknowledged)
    findings_.fail("offset " + std::to_string(offset) + " was acknowledged twice, then for " + describe(identity));
  found.acknowledged = true;
  identify_as(found, identity, offset, "acknowledged");
}

void Ledger::delivered(unsigned topic, std::uint64_t offset, std::string_view members) {
  Slot& found = slot(topic, offset);
  if (!found.members.empty()) {  // most of the time: 39 of 40 subscribers
    if (found.members == members) return;
    return findings_.fail("two subscribers see different messages at offset " + std::to_string(offset) + ": " +
                          found.members + " and " + std::string(members));
  }
  const std::optional<Identity> identity = identify(members, sizes_);
  if (!identity || identity->topic != topic || identity->publisher >= seen_.size()) {
    return findings_.fail("topic " + std::to_string(topic) + " offset " + std::to_string(offset) +
                          " holds what nobody sent: " + std::string(members.substr(0, 300)));
  }
  found.members = members;
  ++seen_[identity->publisher];
  identify_as(found, *identity, offset, "delivered");
}

void Ledger::epoch(unsigned topic, std::string_view epoch) {
  std::string& known = topics_[topic].epoch;
  if (known.empty()) known = epoch;
  if (known != epoch) {
    findings_.fail("topic " + std::to_string(topic) + " has two epochs: " + known + " and " + std::string(epoch));
  }
}

std::uint64_t Ledger::sent(unsigned publisher) const {
  std::uint64_t sum = 0;
  for (const Topic& topic : topics_) sum += topic.sent[publisher];
  return sum;
}

std::uint64_t Ledger::sent_total() const {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < seen_.size(); ++i) sum += sent(i);
  return sum;
}

std::uint64_t Ledger::known_total() const {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < topics_.size(); ++i) sum += newest(i);
  return sum;
}

void Ledger::check() {
  for (unsigned i = 0; i < topics_.size(); ++i) check_topic(i);
}

void Ledger::check_topic(unsigned topic) {
  const std::string name = "topic " + std::to_string(topic);
  std::vector<std::uint64_t> last(seen_.size());
  const std::vector<Slot>& slots = topics_[topic].slots;
  for (std::size_t offset = 1; offset < slots.size(); ++offset) {
    const Slot& each = slots[offset];
    if (!each.known) {
      findings_.fail(name + ": nobody knows of offset " + std::to_string(offset));
      continue;
    }
    if (!each.acknowledged && way_of(each.identity.publisher) != Way::raw) {
      findings_.fail(name + ": " + describe(each.identity) + " was never acknowledged");
    }
    if (each.identity.sequence != ++last[each.identity.publisher]) {
      findings_.fail(name + ": offset " + std::to_string(offset) + " holds " + describe(each.identity) +
                     ", not number " + std::to_string(last[each.identity.publisher]));
      last[each.identity.publisher] = each.identity.sequence;
    }
  }
  for (unsigned i = 0; i < last.size(); ++i) {
    if (last[i] != topics_[topic].sent[i]) {
      findings_.fail(name + ": of publisher " + std::to_string(i) + " " + std::to_string(topics_[topic].sent[i]) +
                     " were sent and the last one is " + std::to_string(last[i]));
    }
  }
}

}  // namespace swarm
