// SPDX-License-Identifier: Apache-2.0
// A subscriber that speaks kodama.v1.json and believes nothing: every delivery must be the topic's next one, every loss
// announced, and what it missed while it was away must come when it resumes.
// Thread: the program's only one.
// Owns: its WebSocket. Errors: Findings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/swarm/ledger.h"
#include "tests/e2e/swarm/websocket.h"

namespace swarm {

class Reader final : private WebSocket::Handler {
 public:
  enum class Losses { never, announced };
  struct Kind {
    Losses losses = Losses::never;
    Link::Extra link = {};  // until it resumes for the first time
  };

  Reader(const Surroundings& around, Ledger& ledger, unsigned number, unsigned topics, Kind kind);

  // Also again, to resume; the connection must be gone.
  void connect();
  // It is to follow the topic from now on, also on every later connection. Sent at once when there is one.
  void follow(unsigned topic);
  void close(std::uint16_t code);
  void drop(bool reset, bool torn_frame);
  void pause(bool paused);

  [[nodiscard]] bool connected() const { return socket_.ready(); }
  [[nodiscard]] bool gone() const { return gone_; }       // neither connected nor connecting
  [[nodiscard]] int close_code() const { return code_; }  // of the last connection that is gone
  [[nodiscard]] unsigned shard() const { return shard_; }
  // Subscribed to all it follows.
  [[nodiscard]] bool subscribed() const { return connected() && unanswered_ == 0; }
  // Has what each topic had when it was last subscribed: from here on it is live.
  [[nodiscard]] bool live() const;
  // Messages that others know of and this one has not got.
  [[nodiscard]] std::uint64_t lag() const;

  [[nodiscard]] std::uint64_t deliveries() const { return deliveries_; }
  [[nodiscard]] std::uint64_t delivery_bytes() const { return delivery_bytes_; }
  [[nodiscard]] std::uint64_t announced_lost() const { return announced_lost_; }
  [[nodiscard]] std::uint64_t expired() const { return expired_; }
  [[nodiscard]] std::uint64_t recoveries() const { return recoveries_; }
  [[nodiscard]] std::string position() const;  // for messages about what went wrong

 private:
  struct Subscription {
    bool followed = false;
    bool answered = false;  // on this connection
    bool begun = false;     // once answered ever: `last` counts
    std::uint64_t last = 0;
    std::uint64_t target = 0;  // what the topic had when the subscription was answered
    std::string epoch;
  };

  void on_ready(unsigned shard) override;
  void on_text(std::string_view text) override;
  void on_closed(int code) override;

  void subscribe(unsigned topic);
  void on_answer(std::string_view text);
  void on_delivery(unsigned topic, std::string_view text, std::string_view members);
  void on_gap(unsigned topic, std::string_view text);
  void fail(const std::string& what, std::string_view text);

  Findings& findings_;
  Ledger& ledger_;
  const unsigned number_;
  const Kind kind_;
  WebSocket socket_;
  std::vector<Subscription> topics_;
  unsigned unanswered_ = 0;
  unsigned shard_ = 0;
  bool gone_ = true;
  int code_ = 0;
  std::uint64_t deliveries_ = 0;
  std::uint64_t delivery_bytes_ = 0;
  std::uint64_t announced_lost_ = 0;  // in gaps of reason overflow
  std::uint64_t expired_ = 0;         // left the log while a replay waited for its reader
  std::uint64_t recoveries_ = 0;
};

}  // namespace swarm
