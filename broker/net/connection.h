// SPDX-License-Identifier: Apache-2.0
// A socket's state machine: receives into the ring's buffers, decrypts, offers plaintext to its Stream; keeps the send
// queue and makes at most one send at a time of all that is in it. It knows bytes, not protocols.
//
// Thread: its shard. Owns: the socket, the queue, TLS. Borrows: the stream and the services, which outlive it.
// Errors: the peer's and the socket's end it; Stream::on_dead names the reason, once.
// Life: open → finishing (flush, then FIN) → drained (waiting for the peer's FIN) → closing (kernel still holds
//   operations) → dead. abort() goes to closing from anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "broker/io/ring.h"
#include "broker/net/backlog.h"
#include "broker/net/send_queue.h"
#include "broker/net/stream.h"
#include "proto/reason.h"

namespace broker::net {

class Connection;
class Tls;

// What a shard lends to all its connections.
class ConnectionServices {
 public:
  explicit ConnectionServices(io::Ring& r) : ring(r) {}
  io::Ring& ring;
  std::string seal_scratch;  // one TLS record's plaintext, gathered
  // A handshake step is due for this connection; the shard drives a few a turn (limits::handshakes_per_turn).
  virtual void on_handshake_due(Connection&) noexcept = 0;
  // More has come of this connection than its share of a turn; catch_up() is due in the next (limits::inputs_per_turn).
  virtual void on_behind(Connection&) noexcept = 0;
  std::uint32_t turn = 0;  // counts up with each turn of the shard

 protected:
  ~ConnectionServices() = default;
};

class Connection final : private io::ReceiveOperation, private io::SendOperation {
 public:
  enum class State : std::uint8_t { open, finishing, drained, closing, dead };

  // Takes the socket. `tls` is null for plain text.
  Connection(ConnectionServices& services, Stream& stream, int socket, std::unique_ptr<Tls> tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  // One handshake step over what has come in. Requires: on_handshake_due was called since the last step.
  void drive_handshake();

  // One share of what has waited for its turn. Requires: on_behind was called since the last one.
  void catch_up();

  // Queue bytes; flush() sends them. Nothing is queued once finish() or abort() was called.
  void send_answer(std::string bytes);
  void send_shared(const SharedBytesRef& bytes) {
    if (state_ == State::open) queue_.push_shared(bytes);
  }
  void send_control(std::string_view frame);
  [[nodiscard]] SendQueue& queue() { return queue_; }
  [[nodiscard]] const SendQueue& queue() const { return queue_; }
  [[nodiscard]] bool send_in_flight() const { return io::SendOperation::in_kernel(); }
  // flush() has something to do, or will have when the send in flight is done.
  [[nodiscard]] bool wants_flush() const;

  // Makes one send of all that is pending, unless one is in flight. Once a turn, at its end.
  void flush();

  // Stops taking bytes from the peer (those on their way are kept), and goes on.
  void pause_reading();
  void resume_reading();
  [[nodiscard]] bool reading_paused() const { return paused_; }

  // Sends what is queued, says goodbye (close_notify, FIN) and waits for the peer's end. No further input is offered.
  void finish(proto::Reason reason);
  // Ends at once. `reset`: whatever the kernel still has to send is dropped and the peer sees a reset.
  void abort(proto::Reason reason, bool reset = false);

  // To be called now and then (at each ping): a connection that has become quiet gives TLS's buffers back.
  void relax();

  // Of what came and is not taken yet.
  [[nodiscard]] std::size_t kept_bytes() const {
    return (kept_ == nullptr ? 0 : kept_->size()) + (tls_ == nullptr ? 0 : put_off_bytes());
  }
  [[nodiscard]] ConnectionServices& services() const { return services_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool secured() const;
  // The shard has it on a list.
  [[nodiscard]] bool awaits_turn() const { return handshake_due_ || behind_; }
  [[nodiscard]] const Tls* tls() const { return tls_.get(); }
  [[nodiscard]] int socket() const { return socket_; }
  // Count up when something of the peer's has come, and when something of ours has gone. Only the first is a sign of
  // life for certain: a send may have gone no further than the kernel.
  [[nodiscard]] std::uint32_t receives() const { return receives_; }
  [[nodiscard]] std::uint32_t sends() const { return sends_; }

 private:
  enum class Input : std::uint8_t { open, ended, told };  // whether the peer may send more; told: the stream knows

  void complete(const io::Received& received) noexcept override;
  void complete(const io::Sent& sent) noexcept override;
  [[nodiscard]] bool receive_in_flight() const { return io::ReceiveOperation::in_kernel(); }

  void arm_receive(bool wait_first);
  void look_behind_the_first();
  void receive_again();
  [[nodiscard]] bool too_far_ahead() const;
  [[nodiscard]] bool has_share_left();
  void put_off(std::span<const std::uint8_t> bytes);
  void fall_behind();
  void feed_put_off();
  [[nodiscard]] std::size_t put_off_bytes() const;
  void take(std::span<std::uint8_t> bytes);
  void take_ciphertext(std::span<std::uint8_t> bytes);
  void keep(std::span<const std::uint8_t> bytes);
  void offer(std::span<std::uint8_t> plaintext);
  void offer_kept();
  void note_end();
  void tell_end();
  void refuse_plain_http();

  void flush_plain();
  void flush_tls();
  void finish_if_flushed();
  void close_if_joined();

  ConnectionServices& services_;
  Stream& stream_;
  std::unique_ptr<Tls> tls_;
  std::unique_ptr<Backlog> kept_;  // input that is not taken yet: plaintext, or a handshake's ciphertext; or null
  SendQueue queue_;
  int socket_;
  std::uint32_t sealed_bytes_ = 0;  // plaintext of the queue's front that TLS has sealed and the kernel not yet taken
  std::uint32_t receives_ = 0;
  std::uint32_t sends_ = 0;
  std::uint8_t seals_ = 0;  // since the last relax()
  State state_ = State::open;
  proto::Reason reason_ = proto::Reason::peer_closed;
  Input input_ = Input::open;
  std::uint8_t turn_ = 0;           // in which the last bytes came, its low bits
  std::uint8_t turn_receives_ = 0;  // how often they came in it
  bool paused_ : 1 = false;
  bool handshake_due_ : 1 = false;
  bool behind_ : 1 = false;  // input waits for the next turn
  bool goodbye_said_ : 1 = false;
  bool reset_ : 1 = false;
};
static_assert(sizeof(Connection) <= 136, "an idle connection pays for it");

}  // namespace broker::net
