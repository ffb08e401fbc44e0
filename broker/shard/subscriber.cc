// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/subscriber.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "broker/base/check.h"
#include "broker/net/tls.h"
#include "config/limits.h"

namespace broker::shard {

namespace limits = config::limits;
using net::SharedBytes;
using proto::Reason;
using topics::ReadFrom;
using topics::Subscription;

namespace {

ReadFrom read_from(const proto::Start& start) {
  switch (start.from) {
    case proto::Start::From::now: return {};
    case proto::Start::From::after: return {.from = ReadFrom::From::after, .epoch = start.epoch, .value = start.value};
    case proto::Start::From::last: return {.from = ReadFrom::From::last, .epoch = {}, .value = start.value};
  }
  return {};
}

}  // namespace

std::string_view refusal_text(Reason reason) {
  switch (reason) {
    case Reason::too_many_connections: return "this broker has as many connections as it may";
    case Reason::too_many_from_address: return "too many connections come from this address";
    case Reason::shed_connection:
    case Reason::shed_publish: return "this broker has no memory for it at the moment; try again later";
    case Reason::too_many_topics: return "this broker keeps as many topics as it may; try again later";
    case Reason::policy_violation: return "this name is the broker's own: nobody publishes to it";
    default: return "this broker cannot do more at the moment; try again later";
  }
}

proto::Error not_readable() { return {403, "clients may not subscribe to this topic, nor read it"}; }

// ---- subscribing

std::optional<proto::Error> Subscriber::add_subscription(proto::Tag tag, std::string_view topic,
                                                         const proto::Start& start, std::uint32_t dialect) {
  if (find(topic) != nullptr) return proto::Error{409, "already subscribed to this topic"};
  const std::uint32_t most = services().common.settings.limits.subscriptions;
  if (subscription_count_ >= most) {
    services().metrics.limits_reached[Reason::too_many_subscriptions].add();
    return proto::refusal(Reason::too_many_subscriptions,
                          absl::StrCat("at most ", most, " subscriptions a connection"));
  }
  Subscription& made = services().router.subscribe(*this, topic, *session()->wire_format_of(topic), deflate_bits_);
  made.beginning->serial = next_serial_++;
  made.beginning->tag = tag;
  made.beginning->resumes = start.from == proto::Start::From::after;
  made.by_rule = start.by_rule;
  made.format_label = static_cast<std::uint8_t>(dialect);
  made.next = subscriptions_;
  subscriptions_ = &made;
  ++subscription_count_;
  ++services().memory.subscriptions;
  ++outstanding_;
  services().metrics.subscriptions[dialect].add();
  // One page at a time: who subscribes to many topics at once replays them one by one.
  const bool page_now = replaying_ == 0 && queue().replay_bytes() == 0 && !page_on_its_way();
  made.page_asked = page_now && start.from != proto::Start::From::now;
  stop_if_full(services().router.read_for(made, id_, read_from(start), page_now ? limits::page_messages_max : 0));
  return std::nullopt;
}

std::optional<proto::Error> Subscriber::remove_subscription(std::string_view topic) {
  Subscription* found = find(topic);
  if (found == nullptr) return proto::Error{404, "not subscribed to this topic"};
  if (found->answered) {
    prompt_ = false;
    queue().drop_stream(found->topic);  // nothing of it is sent any more, nor lost
    unlink(*found);
  } else {
    found->leaving = true;  // its home's answer is owed to the session still
  }
  return std::nullopt;
}

bool Subscriber::is_forbidden(const Subscription& subscription) const {
  return !subscription.by_rule && !services().common.access.client_may_subscribe(subscription.topic->name());
}

// One that its home has not answered yet is refused then.
std::size_t Subscriber::revoke_subscriptions() {
  std::vector<std::string> topics;
  for (const Subscription* each = subscriptions_; each != nullptr; each = each->next) {
    if (each->answered && is_forbidden(*each)) topics.push_back(each->topic->name());
  }
  for (const std::string& topic : topics) {
    if (session() == nullptr) break;
    session()->on_revoked(topic, host());
    (void)remove_subscription(topic);
  }
  if (!topics.empty()) mark_dirty();
  return topics.size();
}

void Subscriber::remove_all_subscriptions() {
  while (subscriptions_ != nullptr) unlink(*subscriptions_);
}

void Subscriber::unlink(Subscription& subscription) {
  Subscription** link = &subscriptions_;
  while (*link != &subscription) link = &(*link)->next;
  *link = subscription.next;
  --subscription_count_;
  --services().memory.subscriptions;
  if (subscription.more_to_replay) --replaying_;
  if (rare_ != nullptr) {
    std::erase_if(rare_->losses, [&](const Loss& loss) { return loss.stream == subscription.topic; });
  }
  services().metrics.subscriptions[subscription.format_label].sub();
  services().router.unsubscribe(subscription);
}

std::vector<Subscriber::Standing> Subscriber::standings() const {
  std::vector<Standing> all;
  for (Subscription* each = subscriptions_; each != nullptr; each = each->next) {
    const auto position = services().router.position(*each);
    all.push_back({.topic = each->topic->name(), .epoch = position.epoch, .offset = position.offset});
  }
  return all;
}

Subscription* Subscriber::find(std::string_view topic) const {
  for (Subscription* each = subscriptions_; each != nullptr; each = each->next) {
    if (each->topic->name() == topic && !each->leaving) return each;
  }
  return nullptr;
}

Subscription* Subscriber::find(std::uint64_t serial) const {
  for (Subscription* each = subscriptions_; each != nullptr; each = each->next) {
    if (each->beginning != nullptr && each->beginning->serial == serial) return each;
  }
  return nullptr;
}

void Subscriber::hold_subscription(std::string_view topic) {
  Subscription* found = find(topic);
  if (found != nullptr && !found->live) found->held = true;
}

void Subscriber::release_subscription(std::string_view topic) {
  Subscription* found = find(topic);
  if (found == nullptr || !found->held) return;
  found->held = false;
  mark_dirty();  // its page is asked for at the turn's end
}

void Subscriber::ask_log(proto::Tag tag, std::string_view topic, const proto::Start& start, std::uint32_t limit) {
  rare().log_questions.push_back({next_serial_, tag});
  ++outstanding_;
  stop_if_full(services().router.read(id_, next_serial_++, topic, read_from(start), limit));
}

Subscriber::Rare& Subscriber::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

// ---- deliveries and their loss

// Hot: once a subscriber and run. Measured by fan_out_at_rest of bench/micro.
void Subscriber::deliver(const net::SharedBytesRef& run) noexcept {
  if (deaf_) return;
  net::SendQueue& waiting = queue();
  if (waiting.delivery_bytes() > 0) {
    const config::Settings& settings = services().common.settings;
    if (waiting.delivery_bytes() + run->bytes.size() > settings.limits.queue_bytes) {
      // A stream's subscriber has no words for a gap, and would go on from behind it when it comes back.
      const bool whole = static_cast<const topics::LocalTopic*>(run->stream)->is_stream;
      if (whole || settings.queue.overflow == config::Overflow::disconnect) {
        account_dropped(*run, Reason::slow_consumer);
        return on_overflow();
      }
      drop_oldest(run->bytes.size());
    }
  }
  if (waiting.empty()) prompt_ = true;
  waiting.push_shared(run);
  mark_dirty();
}

std::string Subscriber::write_delivery(const proto::Message& message) noexcept {
  std::string bytes;
  if (!deaf_) session()->append_delivery(message, bytes, host());
  return bytes;
}

void Subscriber::drop_oldest(std::size_t arriving_bytes) {
  const std::size_t limit = services().common.settings.limits.queue_bytes;
  prompt_ = false;
  const std::size_t keep = arriving_bytes < limit ? limit - arriving_bytes : 0;
  (void)queue().drop_oldest(keep, [this](const SharedBytes& lost) {
    account_dropped(lost, Reason::slow_consumer);
    return replace_lost(lost);
  });
}

// The first loss of a topic leaves a gap in its place, those behind it make that gap longer.
std::optional<net::SharedBytesRef> Subscriber::replace_lost(const SharedBytes& lost) {
  std::vector<Loss>& losses = rare().losses;
  const std::string& topic = static_cast<const topics::LocalTopic*>(lost.stream)->name();
  const auto known = std::ranges::find(losses, lost.stream, &Loss::stream);
  proto::Gap gap{
      .why = proto::Gap::Why::overflow, .from = lost.first_offset, .to = lost.first_offset + lost.messages - 1};
  std::string frame;
  if (known != losses.end()) {
    gap.from = known->from;
    session()->append_gap(topic, gap, frame);
    queue().rewrite(*known->entry, std::move(frame));
    return std::nullopt;
  }
  session()->append_gap(topic, gap, frame);
  if (frame.empty()) return std::nullopt;  // a dialect without words for it
  auto entry = net::SharedBytesRef::make({.bytes = std::move(frame), .stream = lost.stream});
  losses.push_back({lost.stream, gap.from, entry});
  return entry;
}

void Subscriber::prepare_send(bool send_in_flight) {
  if (rare_ != nullptr && !send_in_flight) {
    rare_->losses.clear();
    if (rare_->log_questions.empty() && rare_->paid_until_ns <= services().now.steady_ns) rare_.reset();
  }
  ask_next_page();
}

void Subscriber::announce(std::string_view topic, const proto::Gap& gap) {
  std::string frame;
  session()->append_gap(topic, gap, frame);
  queue().push_answer(std::move(frame));
}

// ---- accounts

void Subscriber::account_left(const SharedBytes& bytes, std::uint8_t dialect) {
  if (bytes.messages == 0) return;
  const bool backlogged = bytes.use == SharedBytes::Use::delivery && !std::exchange(prompt_, false);
  services().departures.note(bytes, dialect, backlogged);
}

void Subscriber::account_dropped(const SharedBytes& bytes, Reason reason) {
  if (bytes.use == SharedBytes::Use::delivery) services().metrics.deliveries_dropped[reason].add(bytes.messages);
}

void Subscriber::show_queue() {
  const auto bytes = static_cast<std::uint32_t>(queue().bytes());
  if (bytes == shown_queue_bytes_) return;
  services().metrics.queue_bytes.add(std::int64_t{bytes} - shown_queue_bytes_);
  shown_queue_bytes_ = bytes;
}

void Subscriber::pay(std::int64_t ns) {
  std::int64_t& until = rare().paid_until_ns;
  until = std::max(until, services().now.steady_ns) + ns;
}

bool Subscriber::over_rate() const {
  return rare_ != nullptr && rare_->paid_until_ns > services().now.steady_ns + 1'000'000'000;
}

void Subscriber::mark_dirty() noexcept {
  if (dirty_) return;
  dirty_ = true;
  services().dirty.push_back(this);
}

void Subscriber::stop_if_full(ShardIndex home) {
  if (!services().post.requests_full(home)) return;
  pause_reading();
  if (blocked_) return;
  blocked_ = true;
  services().blocked.push_back(this);
}

void Subscriber::unblock() {
  blocked_ = false;
  mark_dirty();
}

void Subscriber::hold_back() {
  throttled_ = true;
  services().metrics.limits_reached[Reason::rate_exceeded].add();
  services().throttle.hold(*this);
}

void Subscriber::unthrottle() {
  throttled_ = false;
  mark_dirty();
}

}  // namespace broker::shard
