// SPDX-License-Identifier: Apache-2.0
// A session of wamp.2.json is told anything, and its questions are answered in any order: what it publishes is
// well-formed and can be read as an EVENT, what it says is WAMP, and each request is answered once. Each line of the
// input is a frame, or an order:
//
//   @p  what is published has gone well     @s  subscriptions are made     @l  logs are read
//   @e  all of that is refused              @b  what follows is binary
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fake_host.h"
#include "proto/json.h"
#include "proto/notation.h"
#include "proto/utf8.h"
#include "proto/wamp2/event.h"
#include "proto/wamp2/session.h"

namespace {

using namespace proto::wamp2;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_json(std::string text) {
  require(proto::is_valid_utf8(text));
  require(!proto::check_json(text));
}

std::string payload_of(const std::string& bytes) {
  const std::vector<fakes::FrameSeen> frames = fakes::frames(bytes);
  require(frames.size() == 1 && frames[0].opcode == 1);
  require_json(frames[0].payload);
  return frames[0].payload;
}

// The whole numbers that a message begins with.
std::vector<std::uint64_t> numbers_of(std::string_view message) {
  std::vector<std::uint64_t> numbers;
  while (!message.empty() && (message[0] == '[' || message[0] == ',')) {
    message.remove_prefix(1);
    const std::string_view digits = message.substr(0, message.find_first_not_of("0123456789"));
    const std::optional<std::uint64_t> number = proto::parse_number(digits);
    if (!number) break;
    numbers.push_back(*number);
    message.remove_prefix(digits.size());
  }
  return numbers;
}

class World {
 public:
  void take(std::string_view line) {
    if (!host_.closes.empty()) return;
    if (line == "@p") return answer_publishes(false);
    if (line == "@s") return answer_subscribes(false);
    if (line == "@l") return answer_reads(false);
    if (line == "@e") {
      answer_publishes(true);
      answer_reads(true);
      return answer_subscribes(true);
    }
    if (!session_.takes_messages()) return;  // the host would not
    const bool binary = line.starts_with("@b");
    if (!binary && !proto::is_valid_utf8(line)) return;  // never reaches a session
    std::string frame(line);
    session_.on_message(binary ? proto::DataType::binary : proto::DataType::text, frame, host_);
    listen();
  }

  void finish() {
    answer_reads(false);
    answer_subscribes(false);
    answer_reads(false);  // of those that waited for a subscription
    answer_subscribes(false);
    answer_publishes(false);
    require(session_.takes_messages());
    for (const auto& publish : host_.publishes) require_publishable(publish);
  }

 private:
  void answer_publishes(bool refused) {
    for (; published_ < host_.publishes.size(); ++published_) {
      const proto::Tag tag = host_.publishes[published_].tag;
      if (refused) {
        session_.on_published(tag, proto::Error{503, "later"}, host_);
      } else if (!host_.quiet[published_]) {
        session_.on_published(tag, proto::Published{1, published_ + 1}, host_);
      }
    }
    listen();
  }

  void answer_subscribes(bool refused) {
    for (; subscribed_ < host_.subscribes.size(); ++subscribed_) {
      const fakes::FakeHost::Subscribe asked = host_.subscribes[subscribed_];
      require(!proto::check_topic(asked.topic));
      if (refused) {
        session_.on_subscribed(asked.tag, asked.topic, proto::Error{429, "too many"}, host_);
      } else {
        session_.on_subscribed(asked.tag, asked.topic, proto::Subscribed{1, 2, true}, host_);
      }
    }
    listen();
  }

  void answer_reads(bool refused) {
    for (; read_ < host_.reads.size(); ++read_) {
      const fakes::FakeHost::Read asked = host_.reads[read_];
      const proto::Message newest{.topic = asked.topic, .epoch = 1, .offset = 7, .event = "e", .content = "x"};
      if (refused) {
        session_.on_log(asked.tag, proto::Error{503, "later"}, host_);
      } else {
        session_.on_log(asked.tag, proto::LogPage{.epoch = 1, .offset = 7, .messages = {&newest, 1}}, host_);
      }
    }
    listen();
  }

  void listen() {
    for (const std::string& bytes : host_.sent) {
      const std::string message = payload_of(bytes);
      const std::vector<std::uint64_t> numbers = numbers_of(message);
      require(!numbers.empty());
      switch (numbers[0]) {
        case 2: answered_.clear(); break;
        case 3: require(!host_.closes.empty()); break;
        case 6:
        case 36: break;
        case 8: require(numbers.size() == 3 && answered_.insert(numbers[2]).second); break;
        case 17:
        case 33:
        case 35: require(numbers.size() >= 2 && answered_.insert(numbers[1]).second); break;
        default: require(false);
      }
    }
    host_.sent.clear();
    require(host_.closes.size() <= 1);
  }

  static void require_publishable(const fakes::FakeHost::Publish& publish) {
    require(!proto::check_topic(publish.topic));
    if (publish.kind != proto::Kind::binary) require(proto::is_valid_utf8(publish.content));
    if (publish.kind == proto::Kind::json) require_json(publish.content);
    std::string event;
    event_format.append(
        event_format,
        {.topic = publish.topic, .offset = 1, .event = "e", .kind = publish.kind, .content = publish.content}, event);
    require(payload_of(event).starts_with("[36,"));
  }

  const std::vector<Realm> realms_ = {{"realm1", ""}, {"b", "b/"}};
  Wamp2Session session_{realms_};
  fakes::FakeHost host_;
  std::set<std::uint64_t> answered_;  // requests of the present session
  std::size_t published_ = 0;
  std::size_t subscribed_ = 0;
  std::size_t read_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  World world;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    world.take(line);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  world.finish();
  return 0;
}
