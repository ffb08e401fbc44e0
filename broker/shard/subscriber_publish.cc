// SPDX-License-Identifier: Apache-2.0
// What a subscriber publishes, and of which streams' members it is one.
#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "broker/net/digest.h"
#include "broker/shard/subscriber.h"
#include "config/limits.h"

namespace broker::shard {

namespace limits = config::limits;
using proto::Reason;
using topics::Subscription;

// ---- publishing

std::optional<proto::Error> Subscriber::send_to_home(proto::Tag tag, const proto::Publication& publication,
                                                     std::uint32_t dialect, bool answered) {
  base::ShardMetrics& metrics = services().metrics;
  const std::uint64_t most = services().common.settings.limits.message_bytes;
  if (publication.content.size() > most) {
    metrics.publishes_refused[Reason::message_too_big].add();
    return proto::Error{413, absl::StrCat("a message has at most ", most, " bytes")};
  }
  if (services().memory.refuses_publishers()) {
    return refuse_publish(Reason::shed_publish, std::string(refusal_text(Reason::shed_publish)));
  }
  if (answered) {
    ++outstanding_;
    publishing_bytes_ += static_cast<std::uint32_t>(publication.content.size());
  }
  metrics.messages_published[dialect].add();
  metrics.message_bytes_published[dialect].add(publication.content.size());
  stop_if_full(services().router.publish(id_, tag, publication,
                                         answered ? Router::Answer::always : Router::Answer::when_refused));
  return std::nullopt;
}

void Subscriber::on_published(proto::Tag tag, const proto::Published& published, std::uint32_t content_bytes) noexcept {
  --outstanding_;
  publishing_bytes_ -= content_bytes;
  mark_dirty();
  if (proto::Session* asked = session()) asked->on_published(tag, published, host());
}

void Subscriber::on_publish_refused(proto::Tag tag, Reason reason,
                                    std::optional<std::uint32_t> content_bytes) noexcept {
  if (content_bytes) {
    --outstanding_;
    publishing_bytes_ -= *content_bytes;
  }
  mark_dirty();
  proto::Error error = refuse_publish(reason, std::string(refusal_text(reason)));
  if (proto::Session* asked = session()) asked->on_published(tag, error, host());
}

proto::Error Subscriber::refuse_publish(Reason reason, std::string message) {
  services().metrics.publishes_refused[reason].add();
  return proto::refusal(reason, std::move(message));
}

bool Subscriber::may_publish() const {
  return !blocked_ && !over_rate() && publishing_bytes_ < limits::publishing_bytes_max;
}

proto::Clock Subscriber::read_clock() const {
  const Now& now = services().now;
  return {.steady_ms = now.steady_ns / 1'000'000, .wall_us = now.wall_us};
}

std::string Subscriber::new_secret() {
  std::array<std::uint8_t, limits::secret_bytes> bytes{};
  net::random_bytes(bytes);
  return absl::WebSafeBase64Escape({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// ---- members of streams

void Subscriber::add_member(std::string_view stream, std::string_view member) {
  if (Subscription* found = find(stream)) services().router.join(*found, member);
}

void Subscriber::remove_member(std::string_view stream, std::string_view member) {
  if (Subscription* found = find(stream)) services().router.part(*found, member);
}

bool Subscriber::has_member(std::string_view stream, std::string_view member) const {
  const Subscription* found = find(stream);
  return found != nullptr && services().router.is_member(*found, member);
}

}  // namespace broker::shard
