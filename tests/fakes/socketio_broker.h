// SPDX-License-Identifier: Apache-2.0
// A broker for Socket.IO's sessions, as small as can be: it answers what they ask, keeps each namespace's stream in one
// list, and delivers to those whom an audience names. And a client, which says packets and hears packets, whatever the
// transport.
// Thread: one. Owns: all but the rules.
#pragma once

#include <absl/strings/escaping.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fake_host.h"
#include "proto/audience.h"
#include "proto/socketio/engine_session.h"
#include "proto/socketio/namespace_topics.h"

namespace fakes {

namespace sio = proto::socketio;

struct FakeKeeper final : sio::Keeper {
  struct Take {
    proto::Host* host;
    proto::Tag tag;
    std::string pid;
  };
  std::map<std::string, sio::KeptSocket> kept;
  std::map<std::string, proto::Host*> held;
  std::vector<std::string> dropped;
  std::deque<Take> takes;
  int issued = 0;

  std::string issue(proto::Host& host, const sio::NamespaceRules&) override {
    std::string pid = "pid-" + std::to_string(1'000'000'000'000'000 + ++issued);
    held[pid] = &host;
    return pid;
  }
  void hold(proto::Host& host, const sio::NamespaceRules&, std::string_view pid) override {
    held[std::string(pid)] = &host;
  }
  void keep(proto::Host&, const sio::NamespaceRules&, std::string_view pid, sio::KeptSocket&& socket) override {
    held.erase(std::string(pid));
    kept[std::string(pid)] = std::move(socket);
  }
  void drop(proto::Host&, const sio::NamespaceRules&, std::string_view pid) override {
    held.erase(std::string(pid));
    dropped.emplace_back(pid);
  }
  void take(proto::Host& host, proto::Tag tag, const sio::NamespaceRules&, std::string_view pid) override {
    takes.push_back({&host, tag, std::string(pid)});
  }
};

struct FakeDedupes final : sio::Dedupes {
  struct Ask {
    proto::Host* host;
    proto::Tag tag;
    std::string key;
  };
  std::set<std::string> seen;
  std::deque<Ask> asks;

  void ask(proto::Host& host, proto::Tag tag, const sio::NamespaceRules&, std::string_view key,
           std::chrono::milliseconds) override {
    asks.push_back({&host, tag, std::string(key)});
  }
  void forget(proto::Host&, const sio::NamespaceRules&, std::string_view key) override { seen.erase(std::string(key)); }
};

struct FakeObserver final : sio::Observer {
  std::vector<std::string> notes;

  void connected(std::string_view nsp) override { note("connected", nsp); }
  void disconnected(std::string_view nsp) override { note("disconnected", nsp); }
  void recovered(std::string_view nsp, Recovery result) override {
    constexpr std::string_view words[] = {"recovered", "unknown_pid", "bad_offset", "expired"};
    note(words[static_cast<std::size_t>(result)], nsp);
  }
  void unmatched(std::string_view nsp, std::string_view event) override {
    note("unmatched", std::string(nsp) + " " + std::string(event));
  }
  void refused(std::string_view nsp, std::string_view label) override {
    note("refused", std::string(nsp) + " " + std::string(label));
  }

 private:
  void note(std::string_view word, std::string_view rest) {
    notes.push_back(std::string(word) + " " + std::string(rest));
  }
};

class SocketClient;

struct SocketBroker {
  static constexpr std::uint64_t epoch = 0xABC;
  struct Stored {
    std::string topic, event, content, audience, stream;
    proto::Kind kind;
    std::uint64_t offset, stream_offset;
  };

  std::deque<Stored> log;                        // in the order of publishing
  std::map<std::string, std::uint64_t> counts;   // of topics and streams
  std::map<std::string, std::uint64_t> expired;  // of streams: the last offset that is gone
  std::int64_t now_ms = 1000;
  FakeKeeper keeper;
  FakeDedupes dedupes;
  FakeObserver observer;
  sio::Services services{keeper, dedupes, observer};
  std::vector<SocketClient*> clients;

  static std::string stream_over(std::string_view topic) {
    return topic.starts_with("custom/") ? sio::stream_of("/custom") : sio::stream_of("/");
  }
  static proto::Message view(const Stored& stored) {
    return {.topic = stored.topic,
            .epoch = epoch,
            .offset = stored.offset,
            .time_us = 0,
            .event = stored.event,
            .kind = stored.kind,
            .content = stored.content,
            .stream_epoch = epoch,
            .stream_offset = stored.stream_offset,
            .audience = stored.audience};
  }
  // Answers all that was asked until nothing is.
  void settle();
  // What a backend publishes.
  void publish(std::string_view topic, std::string_view event, proto::Kind kind, std::string_view content,
               std::string_view audience = {});
};

class SocketClient {
 public:
  SocketClient(SocketBroker& broker, const sio::EndpointRules& endpoint, sio::Framing framing,
               sio::OpeningRequest request = {})
      : broker_(broker) {
    host.secrets = 100 * static_cast<int>(broker.clients.size());  // so that no two have the same
    broker.clients.push_back(this);
    host.now = {.steady_ms = broker.now_ms, .wall_us = 1'700'000'000'012'000};
    session = sio::open_session(endpoint, broker.services,
                                {.sid = "engine-sid-000000001", .framing = framing, .request = std::move(request)});
    session->on_open(host);
    broker.settle();
  }
  ~SocketClient() {
    end();
    std::erase(broker_.clients, this);
  }
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;

  // Text with its type; what begins with "bin:" is a binary message.
  static bool is_binary(std::string_view packet) { return packet.starts_with("bin:"); }
  proto::socketio::PayloadResult say(const std::vector<std::string_view>& packets) {
    auto result = sio::PayloadResult::ok;
    if (session->framing() == sio::Framing::polling) {
      std::string payload;
      for (std::string_view packet : packets) {
        std::string text(packet);
        if (is_binary(packet)) {
          text.clear();
          sio::append_base64_packet(text, packet.substr(4));
        }
        sio::append_to_payload(payload, text);
      }
      sio::PayloadReader reader(payload, payload.size());
      constexpr std::size_t share = 16;
      do {
        result = session->on_payload(reader, share, host);
      } while (result == sio::PayloadResult::more && host.room);
    } else {
      for (std::string_view packet : packets) {
        std::string bytes(is_binary(packet) ? packet.substr(4) : packet);
        session->on_message(is_binary(packet) ? proto::DataType::binary : proto::DataType::text, bytes, host);
      }
    }
    broker_.settle();
    return result;
  }

  // What was sent since the last time.
  std::vector<std::string> hear() {
    std::string bytes;
    for (const std::string& piece : host.sent) bytes += piece;
    host.sent.clear();
    std::vector<std::string> heard;
    if (session->framing() == sio::Framing::polling) {
      while (!bytes.empty()) {
        if (bytes[0] != sio::separator) throw std::logic_error("a packet without its separator");
        const std::size_t end = std::min(bytes.find(sio::separator, 1), bytes.size());
        heard.push_back(readable(bytes.substr(1, end - 1)));
        bytes.erase(0, end);
      }
    } else {
      for (FrameSeen& frame : frames(bytes)) {
        heard.push_back(frame.opcode == 2 ? "bin:" + frame.payload : readable(std::move(frame.payload)));
      }
    }
    return heard;
  }

  void pass(std::int64_t ms) {
    broker_.now_ms += ms;
    for (SocketClient* each : broker_.clients) each->host.now.steady_ms = broker_.now_ms;
    session->on_timer(host);
    broker_.settle();
  }
  // The transport is gone.
  void end() {
    if (ended_) return;
    ended_ = true;
    session->on_end(proto::Reason::peer_closed, host);
    live.clear();
    host.members.clear();
    while (next_publish_ < host.publishes.size()) hand_over(next_publish_++);
  }
  [[nodiscard]] bool is_closed() const { return !host.closes.empty(); }

  FakeHost host;
  std::unique_ptr<sio::EngineSession> session;
  std::set<std::string> live;  // streams whose missed messages have been handed out

  // The same session on another transport, as after an upgrade.
  void move(sio::Framing framing) {
    const std::vector<sio::Served> served = [&] {
      std::vector<sio::Served> all;
      for (const std::string& topic : live) {
        if (is_subscribed(topic)) all.push_back({topic, {SocketBroker::epoch, broker_.counts[topic]}});
      }
      return all;
    }();
    std::string queued;
    for (const std::string& piece : host.sent) queued += piece;
    for (const sio::Served& each : served) (void)host.unsubscribe(each.topic);
    session->change_framing(framing);
    host.sent = {sio::reframe(queued, framing)};
    session->on_moved(broker_.services, served, host);
    broker_.settle();
  }

  // Answers one question; false: there is none.
  bool answer_one() {
    if (ended_) return false;
    if (next_subscribe_ < host.subscribes.size()) return answer(host.subscribes[next_subscribe_++]), true;
    if (next_publish_ < host.publishes.size()) return take_publish(next_publish_++), true;
    if (next_read_ < host.reads.size()) return answer(host.reads[next_read_++]), true;
    for (auto each = waiting_.begin(); each != waiting_.end(); ++each) {
      if (host.held.contains(each->first)) continue;
      const auto released = waiting_.extract(each);
      return make_live(released.key(), released.mapped()), true;
    }
    return false;
  }
  void deliver(const SocketBroker::Stored& stored) {
    if (live.contains(stored.stream) && is_subscribed(stored.stream)) write(stored);
  }

 private:
  static std::string readable(std::string packet) {
    std::string bytes;
    if (!packet.starts_with('b')) return packet;
    if (!absl::Base64Unescape(packet.substr(1), &bytes)) throw std::logic_error("no base64");
    return "bin:" + bytes;
  }
  // There is never more than one to a topic, so each but the last has its unsubscribe.
  [[nodiscard]] bool is_subscribed(const std::string& topic) const {
    const auto answered = host.subscribes.begin() + static_cast<std::ptrdiff_t>(next_subscribe_);
    return std::count_if(host.subscribes.begin(), answered, [&](const auto& each) { return each.topic == topic; }) ==
           std::ranges::count(host.unsubscribes, topic) + 1;
  }
  void write(const SocketBroker::Stored& stored) {
    const auto is_one = [&](std::string_view member) { return host.is_member(stored.stream, member); };
    if (!proto::includes(stored.audience, proto::stream_signs, is_one)) return;
    const proto::WireFormat* const format = session->wire_format_of(stored.stream);
    std::string bytes;
    format->append(*format, SocketBroker::view(stored), bytes);
    if (!bytes.empty()) host.sent.push_back(bytes);
  }
  void answer(const FakeHost::Subscribe question) {
    const std::uint64_t newest = broker_.counts[question.topic];
    proto::Subscribed answer{.epoch = SocketBroker::epoch, .offset = newest, .recovered = std::nullopt};
    const bool after = question.start.from == proto::Start::From::after;
    if (after) {
      answer.recovered = question.start.epoch.value_or(SocketBroker::epoch) == SocketBroker::epoch &&
                         question.start.value >= broker_.expired[question.topic] && question.start.value <= newest;
    }
    live.erase(question.topic);
    host.held.erase(question.topic);
    session->on_subscribed(question.tag, question.topic, answer, host);
    const std::uint64_t from = after ? question.start.value : newest;
    host.held.contains(question.topic) ? void(waiting_[question.topic] = from) : make_live(question.topic, from);
  }
  // Hands out what is behind that offset first.
  void make_live(const std::string& stream, std::uint64_t from) {
    if (!is_subscribed(stream) || is_closed()) return;
    for (const SocketBroker::Stored& stored : broker_.log) {
      if (stored.stream == stream && stored.stream_offset > from) write(stored);
    }
    live.insert(stream);
    session->on_live(stream, host);
  }
  void hand_over(std::size_t index) {
    const FakeHost::Publish publish = host.publishes[index];
    broker_.publish(publish.topic, publish.event, publish.kind, publish.content, host.audiences[index]);
  }
  void take_publish(std::size_t index) {
    hand_over(index);
    if (host.quiet[index]) return;
    const FakeHost::Publish publish = host.publishes[index];
    session->on_published(publish.tag, proto::Published{SocketBroker::epoch, broker_.counts[publish.topic]}, host);
  }
  void answer(const FakeHost::Read question) {
    std::vector<proto::Message> messages;
    bool more = false;
    for (const SocketBroker::Stored& stored : broker_.log) {
      if (stored.topic != question.topic || stored.offset <= question.start.value) continue;
      more = messages.size() == question.limit;
      if (more) break;
      messages.push_back(SocketBroker::view(stored));
    }
    session->on_log(
        question.tag,
        proto::LogPage{
            .epoch = SocketBroker::epoch, .offset = broker_.counts[question.topic], .messages = messages, .more = more},
        host);
  }

  SocketBroker& broker_;
  std::map<std::string, std::uint64_t> waiting_;  // streams that are held: up to where they were handed out
  std::size_t next_subscribe_ = 0;
  std::size_t next_publish_ = 0;
  std::size_t next_read_ = 0;
  bool ended_ = false;
};

inline void SocketBroker::publish(std::string_view topic, std::string_view event, proto::Kind kind,
                                  std::string_view content, std::string_view audience) {
  const std::string stream = stream_over(topic);
  const std::uint64_t offset = ++counts[std::string(topic)];
  const std::uint64_t stream_offset = ++counts[stream];
  log.push_back({std::string(topic), std::string(event), std::string(content), std::string(audience), stream, kind,
                 offset, stream_offset});
  const Stored stored = log.back();
  for (SocketClient* client : clients) client->deliver(stored);
}

inline void SocketBroker::settle() {
  const auto client_of = [this](const proto::Host* host) {
    const auto found = std::ranges::find_if(clients, [host](const SocketClient* each) { return &each->host == host; });
    return found == clients.end() ? nullptr : *found;
  };
  for (bool busy = true; busy;) {
    busy = false;
    for (std::size_t i = 0; i < clients.size(); ++i) busy |= clients[i]->answer_one();
    if (!keeper.takes.empty()) {
      busy = true;
      const FakeKeeper::Take take = keeper.takes.front();
      keeper.takes.pop_front();
      if (const auto held = keeper.held.find(take.pid); held != keeper.held.end()) {
        SocketClient* const holder = client_of(held->second);
        holder->host.close(proto::Reason::going_away);
        holder->end();
      }
      const auto found = keeper.kept.extract(take.pid);
      std::optional<sio::KeptSocket> kept;
      if (!found.empty()) kept = found.mapped();
      if (SocketClient* const asker = client_of(take.host))
        asker->session->on_kept(take.tag, std::move(kept), asker->host);
    }
    if (!dedupes.asks.empty()) {
      busy = true;
      const FakeDedupes::Ask ask = dedupes.asks.front();
      dedupes.asks.pop_front();
      const bool repeated = !dedupes.seen.insert(ask.key).second;
      if (SocketClient* const asker = client_of(ask.host)) asker->session->on_deduped(ask.tag, repeated, asker->host);
    }
  }
}

}  // namespace fakes
