// SPDX-License-Identifier: Apache-2.0
#include "broker/net/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "broker/base/check.h"
#include "broker/net/tls.h"
#include "config/limits.h"
#include "proto/http/response.h"

namespace broker::net {

namespace limits = config::limits;
using proto::Reason;

namespace {

// A connection that sealed this often since the last relax() is busy: it pays with 34 KiB for not allocating each time.
constexpr std::uint8_t busy_seals = 32;

}  // namespace

Connection::Connection(ConnectionServices& services, Stream& stream, int socket, std::unique_ptr<Tls> tls)
    : services_(services), stream_(stream), tls_(std::move(tls)), socket_(socket) {}

Connection::~Connection() {
  KODAMA_CHECK(state_ == State::dead, "state ", static_cast<int>(state_), " socket ", socket_);
}

void Connection::start() { arm_receive(true); }

bool Connection::secured() const { return tls_ == nullptr || tls_->handshake_done(); }

// ---- receiving

void Connection::arm_receive(bool wait_first) { services_.ring.receive(*this, socket_, wait_first); }

void Connection::complete(const io::Received& received) noexcept {
  if (state_ == State::closing) return close_if_joined();
  if (!received.bytes.empty()) {
    ++receives_;
    if (has_share_left()) {
      take(received.bytes);
    } else {
      put_off(received.bytes);
    }
    if (!handshake_due_) look_behind_the_first();
  } else if (received.end_of_stream()) {
    note_end();
    if (state_ == State::drained) return abort(reason_);
    return tell_end();
  } else if (received.error != ENOBUFS && received.error != ECANCELED) {
    return abort(Reason::peer_reset);
  }
  // The kernel has ended the multishot receive: it ran out of buffers (which hides neither data nor an end: arming
  // again delivers them), was cancelled, or simply did. What was taken above may have paused or ended us.
  if (!received.more) receive_again();
}

// A reset that is there before the bytes ahead of it are read wakes nobody: the multishot receive waits for the next
// event when TCP says that nothing is left, and TCP counts an end as something, but not a reset (until Linux 6.18 at
// least). Most clients that die in a handshake die so. A receive that is asked for again looks first. Where there is
// something to send, the send meets the reset; and later the next ping.
void Connection::look_behind_the_first() {
  if (receives_ != 1 || state_ != State::open || paused_ || behind_ || wants_flush()) return;
  services_.ring.cancel(static_cast<io::ReceiveOperation&>(*this));
}

// Unless the kernel receives already, or nothing more is wanted now.
void Connection::receive_again() {
  const bool over = state_ == State::closing || state_ == State::dead || input_ != Input::open;
  if (!over && !paused_ && !behind_ && !too_far_ahead() && !receive_in_flight()) arm_receive(false);
}

bool Connection::too_far_ahead() const {
  return handshake_due_ && kept_ != nullptr && kept_->size() >= limits::handshake_bytes_max;
}

void Connection::note_end() {
  if (input_ == Input::open) input_ = Input::ended;
}

// Once, and behind all that came before it: a stream that has paused us is told when it has resumed.
void Connection::tell_end() {
  if (input_ != Input::ended || paused_ || behind_ || state_ != State::open) return;
  input_ = Input::told;
  stream_.on_end();
}

// A handshake has its own bound.
bool Connection::has_share_left() {
  const auto turn = static_cast<std::uint8_t>(services_.turn);
  if (std::exchange(turn_, turn) != turn) turn_receives_ = 0;
  if (!secured()) return true;
  return !behind_ && ++turn_receives_ <= limits::receives_per_turn;
}

void Connection::put_off(std::span<const std::uint8_t> bytes) {
  if (state_ != State::open) return;
  if (tls_ != nullptr) {
    tls_->put_off(bytes);
  } else {
    keep(bytes);
  }
  fall_behind();
}

void Connection::fall_behind() {
  if (behind_) return;
  behind_ = true;
  services_.ring.cancel(static_cast<io::ReceiveOperation&>(*this));
  services_.on_behind(*this);
}

void Connection::catch_up() {
  behind_ = false;
  if (state_ != State::open) return receive_again();  // the peer's end must be seen
  if (paused_) return;                                // resume_reading() goes on
  offer_kept();
  feed_put_off();
  tell_end();
  receive_again();
}

std::size_t Connection::put_off_bytes() const { return tls_->put_off_bytes(); }

// Behind the plaintext that waits, one share at a time.
void Connection::feed_put_off() {
  if (tls_ == nullptr || state_ != State::open || paused_ || behind_) return;
  std::unique_ptr<Backlog> ciphertext = tls_->take_put_off();
  if (ciphertext == nullptr) return;
  const std::span<std::uint8_t> share = ciphertext->front(limits::input_bytes_per_turn);
  take_ciphertext(share);
  if (share.size() == ciphertext->size() || state_ != State::open) return;
  ciphertext->take(share.size());
  tls_->put_back(std::move(ciphertext));
  fall_behind();
}

void Connection::take(std::span<std::uint8_t> bytes) {
  if (state_ != State::open) return;  // what comes behind our goodbye is read only to see the peer's end
  if (tls_ != nullptr) return take_ciphertext(bytes);
  offer(bytes);
}

void Connection::take_ciphertext(std::span<std::uint8_t> bytes) {
  if (!tls_->handshake_done()) {
    const bool was_ahead = too_far_ahead();
    keep(bytes);
    if (!handshake_due_) services_.on_handshake_due(*this);
    handshake_due_ = true;
    if (!was_ahead && too_far_ahead()) services_.ring.cancel(static_cast<io::ReceiveOperation&>(*this));
    return;
  }
  const Tls::Result result = tls_->feed(bytes, this, [](void* self, std::span<std::uint8_t> plaintext) {
    static_cast<Connection*>(self)->offer(plaintext);
  });
  if (state_ != State::open) return;
  if (!tls_->output().empty()) stream_.on_progress();  // an alert, or the answer to a KeyUpdate
  if (result == Tls::Result::error) return finish(Reason::tls_error);
  if (result == Tls::Result::closed) {
    note_end();
    tell_end();
  }
}

void Connection::drive_handshake() {
  handshake_due_ = false;
  if (state_ != State::open) return;
  const std::unique_ptr<Backlog> ciphertext = std::move(kept_);
  const Tls::Result result = tls_->feed(ciphertext->front(), this, [](void* self, std::span<std::uint8_t> plaintext) {
    static_cast<Connection*>(self)->keep(plaintext);
  });
  if (result == Tls::Result::plain_http) return refuse_plain_http();
  if (result == Tls::Result::error) return finish(Reason::tls_error);
  if (tls_->handshake_done()) {
    stream_.on_secured();
    offer_kept();
  }
  stream_.on_progress();  // the handshake's next flight
  look_behind_the_first();
  if (result == Tls::Result::closed) {
    note_end();
    tell_end();
  }
  receive_again();
}

void Connection::refuse_plain_http() {
  tls_.reset();
  std::string answer;
  proto::http::append_response(
      answer, {.status = 400,
               .body = proto::http::error_body(400, "plain HTTP was sent to the TLS port; use https:// or wss://"),
               .keep_alive = false});
  send_answer(std::move(answer));
  finish(Reason::plain_http_on_tls);
}

void Connection::offer(std::span<std::uint8_t> plaintext) {
  if (state_ != State::open) return;
  if (kept_ != nullptr || paused_ || behind_) {
    keep(plaintext);
    if (!paused_ && !behind_) offer_kept();
    return;
  }
  const std::size_t taken = stream_.on_bytes(plaintext);
  KODAMA_CHECK(taken <= plaintext.size(), "taken ", taken, " of ", plaintext.size());
  if (taken < plaintext.size() && state_ == State::open) {
    keep(plaintext.subspan(taken));
  }
}

void Connection::keep(std::span<const std::uint8_t> bytes) {
  if (kept_ == nullptr) kept_ = std::make_unique<Backlog>();
  kept_->append(bytes);
}

void Connection::offer_kept() {
  if (kept_ == nullptr || state_ != State::open) return;
  // Not a member meanwhile: the stream may finish() us. And an idle connection owns no buffer.
  std::unique_ptr<Backlog> offered = std::move(kept_);
  const std::span<std::uint8_t> share = offered->front(limits::input_bytes_per_turn);
  const std::size_t taken = stream_.on_bytes(share);
  KODAMA_CHECK(taken <= share.size(), "taken ", taken, " of ", share.size());
  if (taken == offered->size() || state_ != State::open) return;
  offered->take(taken);
  kept_ = std::move(offered);
  if (taken == share.size() && !paused_) fall_behind();
}

void Connection::pause_reading() {
  if (paused_ || state_ != State::open) return;
  paused_ = true;
  services_.ring.cancel(static_cast<io::ReceiveOperation&>(*this));
}

void Connection::resume_reading() {
  if (!paused_ || state_ != State::open) return;
  paused_ = false;
  if (behind_) return;  // catch_up() goes on
  offer_kept();
  feed_put_off();
  tell_end();
  receive_again();
}

// ---- sending

void Connection::send_answer(std::string bytes) {
  if (state_ == State::open) queue_.push_answer(std::move(bytes));
}

void Connection::send_control(std::string_view frame) {
  if (state_ == State::open) queue_.push_control(frame);
}

void Connection::flush() {
  if (state_ != State::open && state_ != State::finishing) return;
  if (send_in_flight()) return;
  if (tls_ != nullptr) {
    flush_tls();
  } else {
    flush_plain();
  }
  if (state_ == State::finishing) finish_if_flushed();
}

bool Connection::wants_flush() const {
  return !queue_.empty() || state_ != State::open || (tls_ != nullptr && !tls_->output().empty());
}

void Connection::flush_plain() {
  if (queue_.empty()) return;
  std::array<iovec, limits::iovecs_per_send> pieces;
  const std::size_t used = queue_.gather(pieces, limits::send_bytes);
  services_.ring.send(*this, socket_, {pieces.data(), used});
}

// Seals at the time of sending: what overflowed before was dropped without a record, and several frames share one.
void Connection::flush_tls() {
  if (tls_->output().empty() && !queue_.empty() && tls_->handshake_done()) {
    std::array<iovec, limits::iovecs_per_send> pieces;
    const std::size_t used = queue_.gather(pieces, limits::seal_bytes);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < used; ++i) {
      pieces[i].iov_len = std::min(pieces[i].iov_len, limits::seal_bytes - bytes);
      bytes += pieces[i].iov_len;
    }
    if (!tls_->seal({pieces.data(), used}, services_.seal_scratch)) return abort(Reason::tls_error);
    sealed_bytes_ = static_cast<std::uint32_t>(bytes);
    if (seals_ < busy_seals && ++seals_ == busy_seals) tls_->set_busy(true);
  }
  const std::string_view output = tls_->output();
  if (output.empty()) return;
  const iovec piece{.iov_base = const_cast<char*>(output.data()), .iov_len = output.size()};
  services_.ring.send(*this, socket_, {&piece, 1});
}

void Connection::relax() {
  if (tls_ != nullptr && seals_ < busy_seals) tls_->set_busy(false);
  seals_ = 0;
}

void Connection::complete(const io::Sent& sent) noexcept {
  if (state_ == State::closing) return close_if_joined();
  if (sent.error != 0) return abort(Reason::peer_reset);
  ++sends_;
  std::size_t left = sent.bytes;
  if (tls_ != nullptr) {
    tls_->consume_output(sent.bytes);
    left = tls_->output().empty() ? std::exchange(sealed_bytes_, 0U) : 0;
  }
  queue_.consume(left, [this](const SharedBytes& bytes) { stream_.on_left(bytes); });
  stream_.on_progress();
}

// ---- ending

void Connection::finish(Reason reason) {
  if (state_ != State::open) return;
  state_ = State::finishing;
  reason_ = reason;
  kept_.reset();
  paused_ = false;
  receive_again();  // the peer's end must be seen
  stream_.on_progress();
}

void Connection::finish_if_flushed() {
  if (send_in_flight() || !queue_.empty()) return;
  if (tls_ != nullptr) {
    if (!goodbye_said_) {
      goodbye_said_ = true;
      tls_->close_notify();
      flush_tls();
    }
    if (send_in_flight()) return;
  }
  if (input_ != Input::open) return abort(reason_);
  state_ = State::drained;
  services_.ring.half_close(socket_);
}

void Connection::abort(Reason reason, bool reset) {
  if (state_ == State::closing || state_ == State::dead) return;
  state_ = State::closing;
  reason_ = reason;
  reset_ = reset;
  // Closing would not end what the kernel holds. Mostly it holds nothing: the peer's end has ended the receive.
  services_.ring.cancel(static_cast<io::ReceiveOperation&>(*this));
  services_.ring.cancel(static_cast<io::SendOperation&>(*this));
  close_if_joined();
}

void Connection::close_if_joined() {
  if (receive_in_flight() || send_in_flight()) return;
  services_.ring.close(socket_, reset_);
  state_ = State::dead;
  stream_.on_dead(reason_);
}

}  // namespace broker::net
