// SPDX-License-Identifier: Apache-2.0
#include "bench/load/fleet.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "bench/load/usage.h"

namespace bench::load {
namespace {

constexpr std::size_t in_flight_max = 128;
constexpr std::uint32_t connections_a_source = 20'000;
constexpr int stalled_receive_bytes = 4096;
constexpr std::int64_t patience_ns = 20'000'000'000;  // without any progress
constexpr std::int64_t wait_ns = 10'000'000;

}  // namespace

Fleet::Fleet(Reactor& reactor, const CommonOptions& options) : reactor_(reactor), options_(options) {
  if (options.tls) tls_ = make_tls_context();
}

void Fleet::add_subscriber(std::string topic, Sink& sink) {
  ProtocolOptions protocol;
  protocol.host = options_.host;
  if (!topic.empty()) protocol.topics.push_back(std::move(topic));
  if (options_.deflate) protocol.unpacker = &unpacker_;
  add(protocol, options_.protocol, options_.connect, Reads::always, sink);
}

void Fleet::add_stalled(std::string topic, Sink& sink) {
  ProtocolOptions protocol;
  protocol.host = options_.host;
  protocol.topics.push_back(std::move(topic));
  add(protocol, options_.protocol, options_.connect, Reads::until_ready, sink);
}

Client& Fleet::add_publisher(std::vector<std::string> topics, const Publishing& publishing, Sink& sink) {
  ProtocolOptions protocol;
  protocol.role = Role::publisher;
  protocol.host = publishing.host;
  protocol.topics = std::move(topics);
  return add(protocol, publishing.protocol, publishing.to, Reads::always, sink);
}

Client& Fleet::add(const ProtocolOptions& protocol, const std::string& protocol_name, const Address& to, Reads reads,
                   Sink& sink) {
  Reactor::Connect connect;
  connect.to = to;
  const auto source = static_cast<std::uint32_t>(clients_.size() / connections_a_source);
  if (options_.source.bytes != 0 && options_.source.bytes == to.bytes) {
    connect.from = address_after(options_.source, source);
  }
  if (reads == Reads::until_ready) {
    connect.receive_buffer_bytes = stalled_receive_bytes;
    connect.multishot = false;
  }
  connects_.push_back(connect);
  return clients_.emplace_back(Client::Options{.reactor = reactor_,
                                               .tls = tls_.get(),
                                               .sink = sink,
                                               .watcher = *this,
                                               .pauses = reads == Reads::until_ready},
                               make_protocol(protocol_name, protocol));
}

bool Fleet::open(Progress& progress) {
  std::int64_t last_ns = monotonic_ns();
  std::size_t last_ready = ready_;
  while (ready_ < clients_.size() && error_.empty()) {
    while (opened_ < clients_.size() && opened_ - ready_ < in_flight_max) {
      if (!clients_[opened_].open(connects_[opened_])) {
        error_ = absl::StrFormat("connection %d: %s", opened_ + 1, std::strerror(errno));
        return false;
      }
      ++opened_;
    }
    reactor_.poll(reactor_.now_ns() + wait_ns);
    const std::int64_t now = reactor_.now_ns();
    if (ready_ != last_ready) {
      last_ready = ready_;
      last_ns = now;
    } else if (now - last_ns > patience_ns) {
      error_ = absl::StrFormat("%d of %d connections became ready, then none", ready_, clients_.size());
    }
    if (progress.due(now)) progress.show(now, absl::StrFormat("connected %d of %d", ready_, clients_.size()));
  }
  return error_.empty();
}

void Fleet::close() {
  for (Client& client : clients_) client.close();
}

void Fleet::on_ready(Client&) { ++ready_; }

void Fleet::on_ended(Client&, const std::string& reason) {
  if (error_.empty() && !reason.empty()) error_ = "a connection ended: " + reason;
}

}  // namespace bench::load
