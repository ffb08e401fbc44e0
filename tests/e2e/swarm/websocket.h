// SPDX-License-Identifier: Apache-2.0
// RFC 6455 from the client's side, written for this program alone: handshake, masked frames out, whole frames in.
// Thread: the program's only one.
// Owns: its link. Errors: a breach by the server goes to Findings; how a connection ended goes to the handler.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "tests/e2e/swarm/findings.h"
#include "tests/e2e/swarm/link.h"

namespace swarm {

// What every client needs.
struct Surroundings {
  Loop& loop;
  const Dialer& dialer;
  Findings& findings;
};

class WebSocket final : private Link::Events {
 public:
  static constexpr int no_close_frame = 1006;  // RFC 6455 §7.1.5

  class Handler {
   public:
    virtual void on_ready(unsigned shard) = 0;
    virtual void on_text(std::string_view text) = 0;
    // Both sides are done. `code`: of the server's close frame, or no_close_frame.
    virtual void on_closed(int code) = 0;

   protected:
    ~Handler() = default;
  };

  WebSocket(const Surroundings& around, Handler& handler, std::string target, std::string protocol);
  ~WebSocket();

  void dial(Link::Extra extra = {});
  void send_text(std::string_view payload) { send_frame(opcode_text, payload); }
  void send_binary(std::string_view payload) { send_frame(opcode_binary, payload); }
  // An orderly end: whatever comes before the server's own close frame is still handed out.
  void close(std::uint16_t code);
  // Is gone without a word, with `torn_frame` in the middle of one. on_closed() is not called.
  void drop(bool reset, bool torn_frame);
  void pause(bool paused);

  [[nodiscard]] bool ready() const { return phase_ == Phase::open; }

 private:
  enum class Phase { none, connecting, upgrading, open, closing };
  static constexpr std::uint8_t opcode_text = 1;  // §11.8
  static constexpr std::uint8_t opcode_binary = 2;
  static constexpr std::uint8_t opcode_close = 8;
  static constexpr std::uint8_t opcode_ping = 9;
  static constexpr std::uint8_t opcode_pong = 10;

  void on_open() override;
  std::size_t on_bytes(std::string_view bytes) override;
  void on_lost(std::string_view why) override;

  [[nodiscard]] std::size_t read_upgrade(std::string_view bytes);
  // 0: more bytes are needed, or the server broke the protocol.
  [[nodiscard]] std::size_t read_frame(std::string_view bytes);
  void on_frame(std::uint8_t opcode, std::string_view payload);
  void send_frame(std::uint8_t opcode, std::string_view payload);
  void breach(const std::string& what);

  Surroundings around_;
  Handler& handler_;
  std::string target_;
  std::string protocol_;
  std::string key_;
  std::unique_ptr<Link> link_;
  Phase phase_ = Phase::none;
  int close_code_ = no_close_frame;
  bool close_sent_ = false;
  std::minstd_rand masks_;
};

[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace swarm
