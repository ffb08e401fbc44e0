// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls_records.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>

#include <algorithm>
#include <utility>

#include "broker/net/piece_reader.h"
#include "config/limits.h"

namespace broker::net {

namespace limits = config::limits;

namespace {

// RFC 8446 §6 and §4.6.3.
constexpr std::uint8_t alert_warning = 1;
constexpr std::uint8_t alert_fatal = 2;
constexpr std::uint8_t key_update = 24;
constexpr std::uint8_t update_requested = 1;

constexpr std::size_t overhead = tls_header_bytes + 1 + TlsSuite::tag_bytes;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TrafficSecrets::~TrafficSecrets() {
  OPENSSL_cleanse(client.data(), client.size());
  OPENSSL_cleanse(server.data(), server.size());
}

TlsRecords::TlsRecords(const TlsSuite& suite, const TrafficSecrets& secrets, std::size_t plaintext_max)
    : opening_(suite, TlsSuite::Direction::opening, std::span(secrets.client).first(suite.secret_bytes()), 0),
      sealing_(suite, TlsSuite::Direction::sealing, std::span(secrets.server).first(suite.secret_bytes()),
               secrets.records_sealed),
      plaintext_max_(static_cast<std::uint16_t>(plaintext_max)) {}

// ---- taking

TlsRecords::Result TlsRecords::open(std::span<const std::uint8_t> ciphertext, std::span<std::uint8_t> scratch,
                                    void* owner, PlaintextSink sink, std::string& output) {
  std::size_t filled = 0;
  const auto hand_over = [&] {
    if (filled > 0) sink(owner, scratch.first(std::exchange(filled, 0)));
  };
  while (ended_ == Result::ok) {
    const std::span<const std::uint8_t> record = next_record(ciphertext, output);
    if (record.empty()) break;
    std::size_t inner_bytes = record.size() - tls_header_bytes - TlsSuite::tag_bytes;
    if (inner_bytes > scratch.size() - filled) hand_over();
    const std::span<std::uint8_t> inner = scratch.subspan(filled, inner_bytes);
    if (!opening_.open(record, inner)) {
      fail(SSL_AD_BAD_RECORD_MAC, "decryption failed or bad record mac", output);
      break;
    }
    while (inner_bytes > 0 && inner[inner_bytes - 1] == 0) --inner_bytes;  // the padding, RFC 8446 §5.4
    if (inner_bytes == 0) {
      fail(SSL_AD_UNEXPECTED_MESSAGE, "a record without a content type", output);
      break;
    }
    const auto type = static_cast<TlsContentType>(inner[--inner_bytes]);
    if (type != TlsContentType::handshake && message_bytes_ > 0) {
      fail(SSL_AD_UNEXPECTED_MESSAGE, "a handshake message with another record in it", output);
      break;
    }
    switch (type) {
      case TlsContentType::application_data:
        filled += inner_bytes;
        if (inner_bytes > 0) key_updates_ = 0;
        break;
      case TlsContentType::handshake: take_handshake(inner.first(inner_bytes), output); break;
      case TlsContentType::alert: take_alert(inner.first(inner_bytes), output); break;
      default: fail(SSL_AD_UNEXPECTED_MESSAGE, "an unknown content type", output);
    }
  }
  hand_over();
  return ended_;
}

// The next whole record, where it stands or else from partial_; nothing while it is not whole, or after an error.
std::span<const std::uint8_t> TlsRecords::next_record(std::span<const std::uint8_t>& ciphertext, std::string& output) {
  const auto whole_bytes = [](std::span<const std::uint8_t> record) {
    return tls_header_bytes + (std::size_t{record[3]} << 8 | record[4]);
  };
  if (partial_.size() >= tls_header_bytes && partial_.size() == whole_bytes(bytes_of(partial_))) {
    partial_.clear();  // it was handed out the last time
    if (!busy_) std::string().swap(partial_);
  }
  if (partial_.empty() && ciphertext.size() >= tls_header_bytes) {
    if (!check_header(ciphertext, output)) return {};
    const std::size_t bytes = whole_bytes(ciphertext);
    if (ciphertext.size() >= bytes) {
      const std::span<const std::uint8_t> record = ciphertext.first(bytes);
      ciphertext = ciphertext.subspan(bytes);
      return record;
    }
  }
  const auto take_up_to = [&](std::size_t bytes) {
    const std::size_t count = std::min(bytes - partial_.size(), ciphertext.size());
    partial_.append(reinterpret_cast<const char*>(ciphertext.data()), count);
    ciphertext = ciphertext.subspan(count);
    return partial_.size() == bytes;
  };
  if (partial_.size() < tls_header_bytes) {
    if (!take_up_to(tls_header_bytes)) return {};
    if (!check_header(bytes_of(partial_), output)) return {};
  }
  const std::size_t bytes = whole_bytes(bytes_of(partial_));
  if (partial_.capacity() < bytes) partial_.reserve(bytes);
  return take_up_to(bytes) ? bytes_of(partial_) : std::span<const std::uint8_t>();
}

bool TlsRecords::check_header(std::span<const std::uint8_t> header, std::string& output) {
  const std::size_t bytes = std::size_t{header[3]} << 8 | header[4];
  if (header[0] != static_cast<std::uint8_t>(TlsContentType::application_data)) {
    fail(SSL_AD_UNEXPECTED_MESSAGE, "a record that is not protected", output);
  } else if (header[1] != 3) {
    fail(SSL_AD_PROTOCOL_VERSION, "wrong version number", output);
  } else if (bytes > tls_inner_bytes_max + TlsSuite::tag_bytes) {
    fail(SSL_AD_RECORD_OVERFLOW, "a record that is too long", output);
  } else if (bytes <= TlsSuite::tag_bytes) {
    fail(SSL_AD_DECODE_ERROR, "a record that is too short", output);
  }
  return ended_ == Result::ok;
}

// RFC 8446 §6: the level is not looked at; whatever is no farewell is an error.
void TlsRecords::take_alert(std::span<const std::uint8_t> alert, std::string& output) {
  if (alert.size() != 2) return fail(SSL_AD_DECODE_ERROR, "an alert of the wrong length", output);
  if (alert[1] == SSL_AD_USER_CANCELLED) return;  // close_notify follows
  if (alert[1] == SSL_AD_CLOSE_NOTIFY) {
    ended_ = Result::closed;
    return;
  }
  error_ = SSL_alert_desc_string_long(alert[1]);
  ended_ = Result::error;  // and no answer
}

// Of all handshake messages a client may send but KeyUpdate, which may come in fragments as any other.
void TlsRecords::take_handshake(std::span<const std::uint8_t> fragment, std::string& output) {
  if (fragment.empty()) return fail(SSL_AD_UNEXPECTED_MESSAGE, "an empty handshake record", output);
  for (std::size_t i = 0; i < fragment.size() && ended_ == Result::ok; ++i) {
    message_[message_bytes_++] = fragment[i];
    if (message_bytes_ == 1 && message_[0] != key_update) {
      fail(SSL_AD_UNEXPECTED_MESSAGE, "a handshake message after the handshake", output);
    } else if (message_bytes_ == 4 && (message_[1] != 0 || message_[2] != 0 || message_[3] != 1)) {
      fail(SSL_AD_DECODE_ERROR, "a key update of the wrong length", output);
    } else if (message_bytes_ == message_.size()) {
      take_key_update(i + 1 == fragment.size(), output);
    }
  }
}

void TlsRecords::take_key_update(bool at_end_of_record, std::string& output) {
  message_bytes_ = 0;
  // What follows in the record would stand under the old key (RFC 8446 §5.1).
  if (!at_end_of_record) return fail(SSL_AD_UNEXPECTED_MESSAGE, "a key update within a record", output);
  if (message_[4] > update_requested) return fail(SSL_AD_ILLEGAL_PARAMETER, "bad key update", output);
  if (++key_updates_ > limits::tls_key_updates_in_a_row) {
    return fail(SSL_AD_UNEXPECTED_MESSAGE, "too many key updates", output);
  }
  opening_.update();
  if (message_[4] == update_requested) key_update_due_ = true;
}

// Just before data, as RFC 8446 §4.6.3 allows: who asks often and reads nothing piles up no answers.
void TlsRecords::update_key(std::string& output) {
  constexpr std::array<std::uint8_t, 5> not_requested{key_update, 0, 0, 1, 0};
  seal_one(TlsContentType::handshake, not_requested, output);
  sealing_.update();
  key_update_due_ = false;
}

void TlsRecords::fail(std::uint8_t alert, std::string_view reason, std::string& output) {
  if (ended_ == Result::error) return;
  ended_ = Result::error;
  error_ = reason;
  ERR_clear_error();
  seal_one(TlsContentType::alert, std::array{alert_fatal, alert}, output);
}

// ---- giving

void TlsRecords::seal(std::span<const iovec> pieces, std::string& output) {
  std::size_t left = 0;
  for (const iovec& piece : pieces) left += piece.iov_len;
  output.reserve(output.size() + left + (left / plaintext_max_ + 2) * overhead);
  PieceReader reader(pieces);
  while (left > 0) {
    if (key_update_due_ || sealing_.sequence() >= limits::tls_records_per_key) update_key(output);
    const std::size_t bytes = std::min<std::size_t>(left, plaintext_max_);
    const std::span<std::uint8_t> record = append_record(bytes, TlsContentType::application_data, output);
    reader.copy(record.subspan(tls_header_bytes, bytes));
    sealing_.seal(record);
    left -= bytes;
  }
}

void TlsRecords::close_notify(std::string& output) {
  seal_one(TlsContentType::alert, std::array<std::uint8_t, 2>{alert_warning, SSL_AD_CLOSE_NOTIFY}, output);
}

void TlsRecords::seal_one(TlsContentType type, std::span<const std::uint8_t> content, std::string& output) {
  const std::span<std::uint8_t> record = append_record(content.size(), type, output);
  std::copy(content.begin(), content.end(), record.begin() + tls_header_bytes);
  sealing_.seal(record);
}

// Room for a record at the end of the output, with its content type set.
std::span<std::uint8_t> TlsRecords::append_record(std::size_t content_bytes, TlsContentType type, std::string& output) {
  const std::size_t begin = output.size();
  output.resize(begin + content_bytes + overhead);
  auto* const record = reinterpret_cast<std::uint8_t*>(output.data() + begin);
  record[tls_header_bytes + content_bytes] = static_cast<std::uint8_t>(type);
  return {record, content_bytes + overhead};
}

void TlsRecords::set_busy(bool busy) {
  busy_ = busy;
  opening_.set_busy(busy);
  sealing_.set_busy(busy);
  if (!busy && partial_.empty()) std::string().swap(partial_);
}

}  // namespace broker::net
