// SPDX-License-Identifier: Apache-2.0
// A stream of events: subscribes to its topics, and answers with a head once it is subscribed to all of them; from then
// on events come until either side closes.
// Thread: the shard of its connection.
// Owns: the topics' names, and how far it is in each; what it begins with, until the head.
// Errors: where a topic is refused, that is the answer, and nothing stays subscribed.
// Limits: 32 topics (dialect.cc); what is replayed before the head waits here, one page of one topic: the others are
// held.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/session.h"
#include "proto/sse/event.h"

namespace proto::sse {

// What keeps an idle stream alive comes so often: proxies give up after 30 or 60 seconds.
inline constexpr std::chrono::seconds keep_alive_interval{15};

struct Wanted {
  std::string topic;
  Start start;
};

class EventSession final : public HttpSession {
 public:
  enum class Asked : std::uint8_t { stream, head };
  EventSession(Naming naming, Asked asked, std::vector<Wanted> wanted);

  [[nodiscard]] bool keeps_request() const override { return false; }
  [[nodiscard]] bool ends_with_input() const override { return true; }
  void on_body_end(HttpHost& host) override;
  void on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) override;
  void on_drain(HttpHost& host) override { break_off(Reason::going_away, host); }
  void on_revoked(std::string_view, Host& host) override { break_off(Reason::policy_violation, host); }
  void on_timer(Host& host) override;
  void append_delivery(const Message& message, std::string& out, Host& host) override;
  void append_gap(std::string_view topic, const Gap& gap, std::string& out) const override;
  [[nodiscard]] const WireFormat* wire_format() const override;

 private:
  struct Topic {
    std::string name;
    std::uint64_t epoch = 0;  // of its log, once subscribed
  };
  // What is over with the head.
  struct Beginning {
    std::vector<Start> starts;       // of each topic
    std::vector<std::size_t> ready;  // topics that are subscribed to
    std::size_t awaited = 0;         // answers that are to come
    std::optional<Error> refusal;
    bool given_up = false;
    std::string bytes;  // what leaves behind the head
  };
  void take_position(std::size_t topic, const Subscribed& subscribed);
  void begin(HttpHost& host);
  void give_up(HttpHost& host);
  void break_off(Reason reason, Host& host);
  [[nodiscard]] std::size_t index_of(std::string_view topic) const;
  // Where events go that come before the head has left.
  [[nodiscard]] std::string& behind_head(std::string& out) const { return beginning_ ? beginning_->bytes : out; }

  std::vector<Topic> topics_;
  // How far all that was written for it goes, of each topic; of one topic alone the format knows. An announced loss
  // moves it, too.
  mutable std::vector<Position> positions_;
  std::unique_ptr<Beginning> beginning_;
  const Naming naming_;
  const Asked asked_;
};

static_assert(sizeof(EventSession) <= 80, "a million idle readers are to fit");

}  // namespace proto::sse
