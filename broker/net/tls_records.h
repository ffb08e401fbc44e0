// SPDX-License-Identifier: Apache-2.0
// The record layer of a TLS 1.3 connection whose handshake is done (RFC 8446 §4.6.3, §5, §6), so that OpenSSL's object
// of the handshake, 14 KiB, can go: what is left of a connection is two secrets and their counters.
//
// Thread: one shard. Owns: the secrets, and a record that has come in part. Borrows: the suite, which outlives it;
// spans and `output` for the length of a call.
// Errors: the peer's, for good; the alert that tells it stands in `output`, and error() says it in words.
// Limits: a record's plaintext 16 KiB; limits::tls_key_updates_in_a_row.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "broker/net/tls_protection.h"

namespace broker::net {

// What a handshake leaves for the record layer. Wiped when it goes.
struct TrafficSecrets {
  std::array<std::uint8_t, TlsSuite::secret_bytes_max> client{};
  std::array<std::uint8_t, TlsSuite::secret_bytes_max> server{};
  std::uint64_t records_sealed = 0;  // with the server's: the session tickets

  TrafficSecrets() = default;
  ~TrafficSecrets();
  TrafficSecrets(const TrafficSecrets&) = delete;
  TrafficSecrets& operator=(const TrafficSecrets&) = delete;
};

class TlsRecords {
 public:
  enum class Result : std::uint8_t { ok, closed, error };
  using PlaintextSink = void (*)(void* owner, std::span<std::uint8_t> plaintext);

  // `plaintext_max`: of a record that is sealed, RFC 6066 §4.
  TlsRecords(const TlsSuite& suite, const TrafficSecrets& secrets, std::size_t plaintext_max = tls_plaintext_bytes_max);

  // Takes all of the ciphertext. The plaintext of small records is gathered in `scratch`, so that the sink sees runs of
  // frames and not each frame alone. The sink may seal() and close_notify(). Requires: scratch of tls_inner_bytes_max.
  Result open(std::span<const std::uint8_t> ciphertext, std::span<std::uint8_t> scratch, void* owner,
              PlaintextSink sink, std::string& output);

  // Appends the pieces, in order, in as few records as hold them.
  void seal(std::span<const iovec> pieces, std::string& output);
  void close_notify(std::string& output);

  void set_busy(bool busy);
  [[nodiscard]] std::string_view error() const { return error_; }

 private:
  std::span<const std::uint8_t> next_record(std::span<const std::uint8_t>& ciphertext, std::string& output);
  bool check_header(std::span<const std::uint8_t> header, std::string& output);
  void take_alert(std::span<const std::uint8_t> alert, std::string& output);
  void take_handshake(std::span<const std::uint8_t> fragment, std::string& output);
  void take_key_update(bool at_end_of_record, std::string& output);
  void update_key(std::string& output);
  void seal_one(TlsContentType type, std::span<const std::uint8_t> content, std::string& output);
  std::span<std::uint8_t> append_record(std::size_t content_bytes, TlsContentType type, std::string& output);
  void fail(std::uint8_t alert, std::string_view reason, std::string& output);

  RecordProtection opening_;
  RecordProtection sealing_;
  std::string partial_;  // the beginning of a record
  std::string_view error_;
  std::array<std::uint8_t, 5> message_{};  // a KeyUpdate that has come in part: no other handshake message may come
  std::uint8_t message_bytes_ = 0;
  std::uint8_t key_updates_ = 0;  // since the last data
  std::uint16_t plaintext_max_;
  Result ended_ = Result::ok;
  bool key_update_due_ = false;
  bool busy_ = false;
};

}  // namespace broker::net
