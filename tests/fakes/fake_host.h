// SPDX-License-Identifier: Apache-2.0
// A broker for one session: it writes down what the session asks of it and sends, refuses what the test told it to
// refuse, and leaves the answers to the test.
// Thread: one. Owns: copies of all that it was given.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/json.h"
#include "proto/session.h"

namespace fakes {

class FakeHost final : public proto::HttpHost {
 public:
  struct Publish {
    proto::Tag tag;
    std::string topic;
    std::string event;
    proto::Kind kind;
    std::string content;
    bool operator==(const Publish&) const = default;
  };
  struct Subscribe {
    proto::Tag tag;
    std::string topic;
    proto::Start start;
  };
  struct Read {
    proto::Tag tag;
    std::string topic;
    proto::Start start;
    std::uint32_t limit;
  };
  struct Responded {
    int status;
    std::string content_type;
    std::string body;
    bool operator==(const Responded&) const = default;
  };

  // What the session did, in order.
  std::vector<Publish> publishes;
  std::vector<bool> quiet;             // of each of them
  std::vector<std::string> audiences;  // of each of them
  std::vector<bool> by_rule;           // of each of them
  std::vector<Subscribe> subscribes;
  std::vector<std::string> unsubscribes;
  std::vector<Read> reads;
  std::vector<std::string> sent;
  std::vector<proto::Reason> closes;
  std::vector<Responded> responses;
  std::string headers;  // of the answer, beside its type
  std::optional<Responded> begun;
  std::optional<Responded> streamed;  // the head of an answer without end
  std::string written;
  bool ended = false;

  // What the test decides.
  std::map<std::string, proto::Error> refusals;  // by topic
  bool room = true;
  proto::Clock now;

  std::optional<proto::Error> publish(proto::Tag tag, const proto::Publication& publication) override {
    if (auto refused = refusal(publication.topic)) return refused;
    publishes.push_back({tag, std::string(publication.topic), std::string(publication.event), publication.kind,
                         std::string(publication.content)});
    quiet.push_back(publication.quiet);
    audiences.emplace_back(publication.audience);
    by_rule.push_back(publication.by_rule);
    return std::nullopt;
  }
  std::optional<proto::Error> subscribe(proto::Tag tag, std::string_view topic, const proto::Start& start) override {
    if (auto refused = refusal(topic)) return refused;
    subscribes.push_back({tag, std::string(topic), start});
    return std::nullopt;
  }
  std::optional<proto::Error> unsubscribe(std::string_view topic) override {
    if (auto refused = refusal(topic)) return refused;
    unsubscribes.emplace_back(topic);
    std::erase_if(members, [topic](const auto& member) { return member.first == topic; });
    return std::nullopt;
  }
  std::optional<proto::Error> read_log(proto::Tag tag, std::string_view topic, const proto::Start& start,
                                       std::uint32_t limit) override {
    if (auto refused = refusal(topic)) return refused;
    reads.push_back({tag, std::string(topic), start, limit});
    return std::nullopt;
  }

  void send(std::string_view bytes) override { sent.emplace_back(bytes); }
  void close(proto::Reason reason) override { closes.push_back(reason); }
  bool has_room() const override { return room; }

  std::optional<std::chrono::milliseconds> wake;  // the newest wish
  std::set<std::pair<std::string, std::string>> members;
  int secrets = 0;
  proto::Clock clock() const override { return now; }
  void wake_in(std::chrono::milliseconds from_now) override { wake = from_now; }
  std::string make_secret() override {  // secret-000000000001, …
    std::string number = std::to_string(++secrets);
    return "secret-" + std::string(13 - number.size(), '0') + number;
  }
  void join(std::string_view stream, std::string_view member) override { members.emplace(stream, member); }
  void part(std::string_view stream, std::string_view member) override {
    members.erase({std::string(stream), std::string(member)});
  }
  bool is_member(std::string_view stream, std::string_view member) const override {
    return members.contains({std::string(stream), std::string(member)});
  }

  std::set<std::string> held;  // topics that are not to go live yet
  void hold_live(std::string_view topic) override { held.emplace(topic); }
  void go_live(std::string_view topic) override { held.erase(std::string(topic)); }

  int questions = 0;  // to other sessions
  std::unique_ptr<proto::WebSocketSession> upgraded;
  std::string upgrade_headers;
  bool origin_is_allowed = true;
  proto::socketio::Services* services = nullptr;  // where a session is opened
  void ask(proto::socketio::SessionQuestion&&) override { ++questions; }
  bool origin_allowed() const override { return origin_is_allowed; }
  void upgrade(std::unique_ptr<proto::WebSocketSession> session, std::string_view extra_headers) override {
    upgraded = std::move(session);
    upgrade_headers = extra_headers;
  }
  std::string make_session_id() override { return make_secret(); }
  proto::socketio::Services& session_services() override { return *services; }

  void respond(const proto::Response& response) override {
    require(responses.empty() && !begun && !streamed, "a request is answered once");
    responses.push_back({response.status, std::string(response.content_type), std::string(response.body)});
    headers = response.extra_headers;
  }
  void stream(const proto::Response& head) override {
    require(responses.empty() && !begun && !streamed, "a request is answered once");
    streamed = Responded{head.status, std::string(head.content_type), std::string(head.body)};
    headers = head.extra_headers;
  }
  void begin(const proto::Response& head) override {
    require(responses.empty() && !begun && !streamed, "a request is answered once");
    begun = Responded{head.status, std::string(head.content_type), std::string(head.body)};
  }
  void write(std::string_view bytes) override {
    require(begun && !ended, "a piece stands between begin and end");
    require(!bytes.empty(), "an empty piece would end a chunked answer");
    written += bytes;
  }
  void end() override {
    require(begun && !ended, "an answer ends once, after it has begun");
    ended = true;
  }

 private:
  std::optional<proto::Error> refusal(std::string_view topic) const {
    const auto found = refusals.find(std::string(topic));
    if (found == refusals.end()) return std::nullopt;
    return found->second;
  }
  static void require(bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  }
};

// The payload of one whole unmasked frame (RFC 6455 §5.2), and its opcode.
struct FrameSeen {
  int opcode;
  std::string payload;
  bool operator==(const FrameSeen&) const = default;
};

// Takes frames apart by the book, without the codec under test. Throws where the bytes are no whole final frames.
inline std::vector<FrameSeen> frames(std::string_view bytes) {
  std::vector<FrameSeen> seen;
  while (!bytes.empty()) {
    const auto byte = [&bytes](std::size_t i) -> std::uint64_t { return static_cast<unsigned char>(bytes.at(i)); };
    if ((byte(0) & 0xF0) != 0x80) throw std::logic_error("not a final frame");
    std::uint64_t length = byte(1);
    std::size_t header = 2;
    if (length > 127) throw std::logic_error("a masked frame");
    if (length >= 126) {
      const std::size_t extra = length == 126 ? 2 : 8;
      length = 0;
      for (std::size_t i = 0; i < extra; ++i) length = length << 8 | byte(header++);
    }
    if (bytes.size() - header < length) throw std::logic_error("a cut frame");
    seen.push_back({static_cast<int>(byte(0) & 0x0F), std::string(bytes.substr(header, length))});
    bytes.remove_prefix(header + length);
  }
  return seen;
}

// The texts of all frames sent since the last call. Throws where one is no JSON in a text frame.
inline std::vector<std::string> take_json_texts(FakeHost& host) {
  std::vector<std::string> texts;
  for (const std::string& bytes : std::exchange(host.sent, {})) {
    for (FrameSeen& frame : frames(bytes)) {
      std::string copy = frame.payload;  // which is unescaped in place
      if (frame.opcode != 1 || proto::check_json(copy))
        throw std::logic_error("no JSON in a text frame: " + frame.payload);
      texts.push_back(std::move(frame.payload));
    }
  }
  return texts;
}

}  // namespace fakes
