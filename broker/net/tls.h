// SPDX-License-Identifier: Apache-2.0
// TLS of one connection without a socket: ciphertext in, plaintext out, and the other way round. What is to be sent
// (handshake, sealed frames, alerts) gathers in output().
//
// Thread: the connection's shard. Borrows: the context, which outlives it; spans for the length of a call.
// Errors: the peer's, as a Result, for good; the alert that tells the peer stands in output() and is to be sent first.
// Limits: 16 KiB of plaintext a record (RFC 8446 §5.1); a peer that makes us answer without reading gets 16 KiB.
// Memory: an idle connection of TLS 1.3 holds half a KiB: OpenSSL shakes hands, and then the record layer is ours. One
//   of TLS 1.2 holds about 15 KiB, all of it OpenSSL's. Neither has record buffers or output.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "broker/net/backlog.h"
#include "broker/net/tls_context.h"

namespace broker::net {

class Tls {
 public:
  enum class Result : std::uint8_t {
    ok,
    closed,      // the peer said close_notify: it sends no more, but may still read
    error,       // nothing can be sealed any more; see error()
    plain_http,  // the peer speaks plain text to this port; nothing was answered
  };
  // Called with the plaintext, which may be changed in place; gone when it returns. It may seal() and close_notify(),
  // and must neither feed() nor destroy.
  using PlaintextSink = void (*)(void* owner, std::span<std::uint8_t> plaintext);

  explicit Tls(TlsContext& context);
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // Takes all of the ciphertext: a handshake goes as far as it can (its cost is the caller's to budget), and the
  // plaintext is handed over in pieces of up to 16 KiB. What stood before an error is handed over still.
  Result feed(std::span<const std::uint8_t> ciphertext, void* owner, PlaintextSink sink);

  [[nodiscard]] bool handshake_done() const { return handshake_done_; }
  // For metrics and logs. Requires: handshake_done() for the first two.
  [[nodiscard]] const char* version() const;  // "TLSv1.3"
  [[nodiscard]] bool resumed() const { return resumed_; }
  [[nodiscard]] std::string_view error() const { return error_; }  // in words; empty without an error

  // Seals the pieces, in order, in as few records as hold them; with TLS 1.2 `scratch` (a shard's, for all connections)
  // gathers what goes into one. False when nothing can be sealed: before the handshake is done, after an error or
  // close_notify().
  [[nodiscard]] bool seal(std::span<const iovec> pieces, std::string& scratch);

  // The ciphertext to send next. The bytes stay where they are until consume_output() has taken the last of them,
  // whatever is fed or sealed meanwhile: a send may hold them. What is added then comes as the next output().
  [[nodiscard]] std::string_view output();
  void consume_output(std::size_t bytes);

  // Says goodbye (RFC 8446 §6.1). The peer's data is still taken.
  void close_notify();

  // A busy connection keeps its buffers instead of allocating them for each write. Not busy to begin with.
  void set_busy(bool busy);

  // Ciphertext whose turn to be fed has not come.
  void put_off(std::span<const std::uint8_t> bytes);
  [[nodiscard]] std::size_t put_off_bytes() const { return put_off_ == nullptr ? 0 : put_off_->size(); }
  // All of it; null: there is none. What is not fed of it is put back.
  [[nodiscard]] std::unique_ptr<Backlog> take_put_off() { return std::move(put_off_); }
  void put_back(std::unique_ptr<Backlog> rest) { put_off_ = std::move(rest); }

 private:
  Result shake_hands();
  void take_over_records();
  Result open_records(void* owner, PlaintextSink sink);
  Result read(void* owner, PlaintextSink sink);
  Result fail(std::string_view reason);
  [[nodiscard]] bool write(std::string_view plaintext);

  TlsContext& context_;
  TlsStream stream_;  // its output: what comes behind sending_
  std::string sending_;
  std::size_t sent_ = 0;                     // of sending_
  std::size_t answer_bytes_ = 0;             // of the output, what the peer made us say since the handshake
  std::unique_ptr<TrafficSecrets> secrets_;  // during the handshake
  std::unique_ptr<Backlog> put_off_;
  OpensslHandle<ssl_st> ssl_;            // until records_ takes over
  std::unique_ptr<TlsRecords> records_;  // TLS 1.3, when the handshake is done
  std::string_view error_;
  Result ended_ = Result::ok;  // of the peer's direction
  bool begun_ = false;
  bool handshake_done_ = false;
  bool resumed_ = false;
  bool close_said_ = false;
  bool busy_ = false;
};

}  // namespace broker::net
