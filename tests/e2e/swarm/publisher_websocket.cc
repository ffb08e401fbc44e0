// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/publisher_websocket.h"

#include "tests/e2e/swarm/http.h"

namespace swarm {
namespace {

constexpr std::uint16_t normal_closure = 1000;  // RFC 6455 §7.4.1

}  // namespace

void NativePublisher::publish(const Identity& identity, const std::string& content) {
  const std::uint64_t id = ++last_id_;
  pending_.emplace(id, identity);
  socket_.send_text("{\"id\":" + std::to_string(id) + ",\"publish\":{\"topic\":\"" + ledger_.name(identity.topic) +
                    "\",\"data\":\"" + content + "\"}}");
}

void NativePublisher::on_text(std::string_view text) {
  const auto id = json_number(text, "id");
  const auto offset = json_number(text, "offset");
  const auto found = pending_.find(id.value_or(0));
  if (found == pending_.end() || !offset) return fail("not the answer to a publish: " + std::string(text));
  ledger_.acknowledged(found->second, *offset, "");
  pending_.erase(found);
}

void NativePublisher::finish() {
  closing_ = true;
  socket_.close(normal_closure);
}

void NativePublisher::on_closed(int code) {
  closed_ = true;
  if (!closing_ || code != normal_closure) fail("its native connection ended with " + std::to_string(code));
}

RawPublisher::RawPublisher(const Surroundings& around, Ledger& ledger, const Task& task)
    : Publisher(around, ledger, task) {
  WebSocket::Handler& self = *this;
  for (unsigned i = 0; i < task.topics; ++i) {
    const std::string target = "/topics/" + percent_encode(ledger.name(i)) + "?publish=only";
    sockets_.push_back(std::make_unique<WebSocket>(around, self, target, ""));
  }
}

void RawPublisher::connect() {
  for (const auto& each : sockets_) each->dial();
}

void RawPublisher::publish(const Identity& identity, const std::string& content) {
  if (form_of(identity.publisher, identity.sequence) == Form::binary) {
    sockets_[identity.topic]->send_binary(content);
  } else {
    sockets_[identity.topic]->send_text(content);
  }
}

void RawPublisher::finish() {
  closing_ = true;
  for (const auto& each : sockets_) each->close(normal_closure);
}

void RawPublisher::on_closed(int code) {
  ++closed_;
  if (!closing_ || code != normal_closure) fail("a raw connection ended with " + std::to_string(code));
}

}  // namespace swarm
