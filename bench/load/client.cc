// SPDX-License-Identifier: Apache-2.0
#include "bench/load/client.h"

#include <cstring>

namespace bench::load {

bool Client::open(const Reactor::Connect& connect) {
  id_ = options_.reactor.connect(connect, *this);
  return id_ != Reactor::none;
}

void Client::close() {
  if (id_ == Reactor::none) return;
  closing_ = true;
  options_.reactor.close(id_);
}

void Client::on_connected(std::string& out) {
  if (options_.tls == nullptr) return protocol_->start(out);
  tls_ = std::make_unique<TlsClient>(options_.tls);
  tls_->start(out);
}

void Client::on_bytes(std::span<const char> bytes, std::string& out) {
  const bool good = tls_ == nullptr ? on_plain(bytes, out) : on_sealed(bytes, out);
  if (!good) return fail(tls_ != nullptr && !tls_->error().empty() ? tls_->error() : protocol_->error());
  if (ready_ || !protocol_->ready()) return;
  ready_ = true;
  if (options_.pauses) options_.reactor.pause(id_);
  options_.watcher.on_ready(*this);
}

bool Client::on_plain(std::span<const char> bytes, std::string& out) {
  return protocol_->on_bytes(bytes, options_.sink, out);
}

bool Client::on_sealed(std::span<const char> bytes, std::string& out) {
  const bool was_established = tls_->established();
  if (!tls_->on_bytes(bytes, out, [this](std::span<const char> piece) { return on_plain(piece, plain_); }))
    return false;
  if (!was_established && tls_->established()) protocol_->start(plain_);
  if (plain_.empty()) return true;
  tls_->seal(plain_, out);
  plain_.clear();
  return true;
}

void Client::publish(std::size_t topic, std::string_view payload) {
  protocol_->publish(topic, payload, tls_ == nullptr ? options_.reactor.out(id_) : plain_);
}

void Client::flush() {
  if (tls_ != nullptr && !plain_.empty()) {
    tls_->seal(plain_, options_.reactor.out(id_));
    plain_.clear();
  }
  options_.reactor.flush(id_);
}

void Client::fail(const std::string& reason) {
  if (closing_) return;
  reason_ = reason.empty() ? "the protocol failed" : reason;
  options_.reactor.close(id_);
}

void Client::on_closed(int error) {
  id_ = Reactor::none;
  ready_ = false;
  if (!closing_ && reason_.empty()) reason_ = error == 0 ? "the server ended the connection" : std::strerror(error);
  options_.watcher.on_ended(*this, reason_);
}

}  // namespace bench::load
