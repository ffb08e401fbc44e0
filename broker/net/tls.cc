// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <utility>

#include "broker/base/check.h"
#include "broker/net/piece_reader.h"

namespace broker::net {
namespace {

constexpr std::size_t record_bytes = SSL3_RT_MAX_PLAIN_LENGTH;
constexpr std::size_t record_overhead_max = 29;  // TLS 1.2's GCM: header 5, explicit nonce 8, tag 16
// Each key update may ask for one of ours (RFC 8446 §4.6.3): 600 of them, unread, are no honest client's.
constexpr std::size_t answer_bytes_max = 16384;
// A busy connection keeps buffers up to this size.
constexpr std::size_t kept_output_bytes_max = 256 * 1024;

// The first byte of TLS is a record's content type (22, handshake), of HTTP a capital letter.
bool looks_like_http(std::uint8_t first) { return first >= 'A' && first <= 'Z'; }

// Assigning an empty string would keep the buffer.
void release(std::string& text) { std::string().swap(text); }

}  // namespace

Tls::Tls(TlsContext& context)
    : context_(context),
      secrets_(std::make_unique<TrafficSecrets>()),
      ssl_(context.make_connection(stream_, *secrets_)) {}

// ---- taking

Tls::Result Tls::feed(std::span<const std::uint8_t> ciphertext, void* owner, PlaintextSink sink) {
  if (ciphertext.empty() || ended_ != Result::ok) return ended_;
  if (!std::exchange(begun_, true) && looks_like_http(ciphertext.front())) return ended_ = Result::plain_http;
  stream_.input = ciphertext;
  ERR_clear_error();  // what another user of this thread's queue left would be taken for ours
  if (!handshake_done_) ended_ = shake_hands();
  if (handshake_done_ && ended_ == Result::ok) {
    ended_ = records_ != nullptr ? open_records(owner, sink) : read(owner, sink);
  }
  stream_.input = {};
  return ended_;
}

Tls::Result Tls::shake_hands() {
  const int outcome = SSL_do_handshake(ssl_.get());
  if (outcome == 1) {
    handshake_done_ = true;
    resumed_ = SSL_session_reused(ssl_.get()) == 1;
    take_over_records();
    return Result::ok;
  }
  return SSL_get_error(ssl_.get(), outcome) == SSL_ERROR_WANT_READ ? Result::ok : fail({});
}

// OpenSSL has taken the handshake's last record and not a byte more: what follows it stands in stream_.input still.
void Tls::take_over_records() {
  SSL_set_app_data(ssl_.get(), nullptr);
  SSL_set_msg_callback(ssl_.get(), nullptr);
  const std::unique_ptr<TrafficSecrets> secrets = std::move(secrets_);
  const TlsSuite* suite = context_.suites().find(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl_.get())));
  if (suite == nullptr || SSL_has_pending(ssl_.get()) == 1) return;
  const std::uint8_t fragment_mode = SSL_SESSION_get_max_fragment_length(SSL_get0_session(ssl_.get()));
  const std::size_t plaintext_max = fragment_mode == TLSEXT_max_fragment_length_DISABLED
                                        ? record_bytes
                                        : std::size_t{256} << fragment_mode;  // RFC 6066 §4: 1 is 512
  records_ = std::make_unique<TlsRecords>(*suite, *secrets, plaintext_max);
  ssl_.reset();
}

Tls::Result Tls::open_records(void* owner, PlaintextSink sink) {
  switch (records_->open(stream_.input, context_.plaintext_scratch(), owner, sink, stream_.output)) {
    case TlsRecords::Result::ok: return Result::ok;
    case TlsRecords::Result::closed: return Result::closed;
    case TlsRecords::Result::error: error_ = records_->error(); return Result::error;
  }
  return Result::error;
}

// Small records are gathered, so that the sink sees runs of frames and not each frame alone.
Tls::Result Tls::read(void* owner, PlaintextSink sink) {
  const std::span<std::uint8_t> scratch = context_.plaintext_scratch();
  std::size_t filled = 0;
  while (true) {
    std::size_t got = 0;
    const std::size_t output_before = stream_.output.size();
    const int outcome = SSL_read_ex(ssl_.get(), scratch.data() + filled, scratch.size() - filled, &got);
    answer_bytes_ += stream_.output.size() - output_before;
    if (outcome == 1) filled += got;
    if (outcome == 1 && filled < scratch.size()) continue;

    // The error is asked for now: the sink may seal, which OpenSSL would take for the last operation.
    const bool more = outcome == 1;
    if (!more) {
      const int cause = SSL_get_error(ssl_.get(), outcome);
      if (cause == SSL_ERROR_ZERO_RETURN) {
        ended_ = Result::closed;
      } else if (cause != SSL_ERROR_WANT_READ) {
        fail({});
      } else if (answer_bytes_ > answer_bytes_max) {
        fail("the peer asks for answers and does not read them");
      }
    }
    if (filled > 0) sink(owner, scratch.first(std::exchange(filled, 0)));
    if (!more) return ended_;
  }
}

Tls::Result Tls::fail(std::string_view reason) {
  const char* of_openssl = ERR_reason_error_string(ERR_peek_last_error());  // TLS's own words, a constant text
  error_ = !reason.empty() ? reason : of_openssl != nullptr ? std::string_view(of_openssl) : "unknown cause";
  ERR_clear_error();
  return ended_ = Result::error;
}

void Tls::put_off(std::span<const std::uint8_t> bytes) {
  if (put_off_ == nullptr) put_off_ = std::make_unique<Backlog>();
  put_off_->append(bytes);
}

// ---- giving

bool Tls::seal(std::span<const iovec> pieces, std::string& scratch) {
  if (!handshake_done_ || close_said_ || ended_ == Result::error) return false;
  if (records_ != nullptr) {
    records_->seal(pieces, stream_.output);
    return true;
  }
  std::size_t left = 0;
  for (const iovec& piece : pieces) left += piece.iov_len;
  const std::size_t records = left / record_bytes + 1;
  stream_.output.reserve(stream_.output.size() + left + records * record_overhead_max);
  PieceReader reader(pieces);
  while (left > 0) {
    scratch.resize(std::min(left, record_bytes));
    reader.copy({reinterpret_cast<std::uint8_t*>(scratch.data()), scratch.size()});
    if (!write(scratch)) return false;
    left -= scratch.size();
  }
  return true;
}

// One record, or several if the client has asked for small ones (max_fragment_length, RFC 6066 §4).
bool Tls::write(std::string_view plaintext) {
  while (!plaintext.empty()) {
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) != 1) {
      fail({});
      return false;
    }
    plaintext.remove_prefix(written);
  }
  return true;
}

std::string_view Tls::output() {
  if (sent_ == sending_.size()) {
    sending_.clear();
    sent_ = 0;
    answer_bytes_ = 0;
    std::swap(sending_, stream_.output);
  }
  return std::string_view(sending_).substr(sent_);
}

void Tls::consume_output(std::size_t bytes) {
  KODAMA_CHECK(bytes <= sending_.size() - sent_, "consumed ", bytes, " of ", sending_.size() - sent_);
  sent_ += bytes;
  if (sent_ < sending_.size()) return;
  sent_ = 0;
  if (busy_ && sending_.capacity() <= kept_output_bytes_max) {
    sending_.clear();
  } else {
    release(sending_);
  }
}

void Tls::close_notify() {
  if (!handshake_done_ || ended_ == Result::error || std::exchange(close_said_, true)) return;
  if (records_ != nullptr) return records_->close_notify(stream_.output);
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

void Tls::set_busy(bool busy) {
  if (std::exchange(busy_, busy) == busy) return;
  if (records_ != nullptr) {
    records_->set_busy(busy);
  } else if (busy) {
    SSL_clear_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  } else {
    SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_free_buffers(ssl_.get());  // refuses while a record is half read: then the next read gives it back
  }
  if (busy) return;
  if (sending_.empty()) release(sending_);
  if (stream_.output.empty()) release(stream_.output);
}

// ---- telling

const char* Tls::version() const { return records_ != nullptr ? "TLSv1.3" : SSL_get_version(ssl_.get()); }

}  // namespace broker::net
