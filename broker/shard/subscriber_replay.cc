// SPDX-License-Identifier: Apache-2.0
// Pages of logs: how a subscription begins, what is replayed of it, and what a session reads.
#include <algorithm>
#include <utility>

#include "broker/shard/subscriber.h"
#include "config/limits.h"

namespace broker::shard {

namespace limits = config::limits;
using net::SharedBytes;
using proto::Reason;
using topics::ReadFrom;
using topics::Subscription;

void Subscriber::on_page(proto::Tag serial, ReadPage& page) noexcept {
  if (deaf_ || session() == nullptr) return;
  mark_dirty();
  if (const std::optional<LogQuestion> question = take_log_question(serial)) return on_log_page(*question, page);
  Subscription* subscription = find(serial);
  if (subscription == nullptr) return;  // it was given up meanwhile
  subscription->page_asked = false;
  if (page.refused) {
    return refuse_subscription(*subscription, proto::refusal(*page.refused, std::string(refusal_text(*page.refused))));
  }
  if (is_forbidden(*subscription)) return refuse_subscription(*subscription, not_readable());
  if (!subscription->answered) {
    answer_subscription(*subscription, page);
    if (find(serial) != subscription) return;  // the session had second thoughts
    if (subscription->leaving) return unlink(*subscription);
  } else if (!page.plan.recovered && subscription->topic->is_stream) {
    return on_overflow();  // it was told that nothing is missing, and has no words for a gap
  }
  replay(*subscription, page);
}

std::optional<Subscriber::LogQuestion> Subscriber::take_log_question(std::uint64_t serial) {
  if (rare_ == nullptr) return std::nullopt;
  const auto found = std::ranges::find(rare_->log_questions, serial, &LogQuestion::serial);
  if (found == rare_->log_questions.end()) return std::nullopt;
  const LogQuestion question = *found;
  rare_->log_questions.erase(found);
  return question;
}

void Subscriber::refuse_subscription(Subscription& subscription, const proto::Error& error) {
  --outstanding_;
  const std::string topic = subscription.topic->name();
  const proto::Tag tag = subscription.beginning->tag;
  unlink(subscription);
  session()->on_subscribed(tag, topic, error, host());
}

void Subscriber::on_log_page(const LogQuestion& question, ReadPage& page) {
  --outstanding_;
  if (page.refused) {
    proto::Error error = proto::refusal(*page.refused, std::string(refusal_text(*page.refused)));
    return session()->on_log(question.tag, error, host());
  }
  std::vector<proto::Message> messages;
  messages.reserve(page.messages.size());
  for (const topics::MessageRef& each : page.messages) messages.push_back(Router::view(*each));
  session()->on_log(question.tag,
                    proto::LogPage{.epoch = page.epoch, .offset = page.offset, .messages = messages, .more = page.more},
                    host());
}

void Subscriber::answer_subscription(Subscription& subscription, const ReadPage& page) {
  --outstanding_;
  subscription.answered = true;
  topics::Beginning& beginning = *subscription.beginning;
  beginning.epoch = page.epoch;
  proto::Subscribed answer{.epoch = page.epoch, .offset = page.offset, .recovered = std::nullopt};
  if (beginning.resumes) answer.recovered = page.plan.recovered;
  const std::string topic = subscription.topic->name();  // the session may unsubscribe
  session()->on_subscribed(beginning.tag, topic, answer, host());
}

void Subscriber::replay(Subscription& subscription, const ReadPage& page) {
  const std::string& topic = subscription.topic->name();
  if (page.plan.other_epoch) {
    announce(topic, {.why = proto::Gap::Why::epoch});
  } else if (!page.plan.recovered) {
    announce(topic, {.why = proto::Gap::Why::expired, .from = page.plan.missed_from, .to = page.plan.missed_to});
  }
  const auto& format = *static_cast<const proto::WireFormat*>(subscription.format);
  const bool of_stream = subscription.topic->is_stream;
  SharedBytes replayed{.stream = subscription.topic, .first_offset = page.plan.first, .use = SharedBytes::Use::replay};
  std::uint64_t& handed_out = subscription.beginning->replayed;
  handed_out = page.plan.first - 1;
  for (const topics::MessageRef& message : page.messages) {
    handed_out = of_stream ? message->stream_offset : message->offset;
    if (!services().router.is_for(subscription, *message)) continue;
    if (append_replayed(format, *message, replayed.bytes)) ++replayed.messages;
    replayed.accepted_ns = message->accepted_ns;
  }
  if (!replayed.bytes.empty()) queue().push_shared(net::SharedBytesRef::make(std::move(replayed)));
  const bool more = page.more || subscription.held;
  if (subscription.more_to_replay != more) {
    more ? ++replaying_ : --replaying_;
    subscription.more_to_replay = more;
  }
  // Home answered at one moment of the topic and sends every later message behind the answer: from here on, live.
  if (more) return;
  services().router.make_live(subscription);
  session()->on_live(std::string(topic), host());  // which may end the subscription
}

bool Subscriber::append_replayed(const proto::WireFormat& format, const topics::Message& message, std::string& out) {
  if (&format != &proto::by_session) return services().router.encode(message, format, 1, out);
  const std::size_t before = out.size();
  session()->append_delivery(Router::view(message), out, host());
  return out.size() > before;
}

bool Subscriber::page_on_its_way() const {
  for (const Subscription* each = subscriptions_; each != nullptr; each = each->next) {
    if (each->page_asked) return true;
  }
  return false;
}

void Subscriber::ask_next_page() {
  if (replaying_ == 0 || queue().replay_bytes() > 0 || page_on_its_way()) return;
  for (Subscription* each = subscriptions_; each != nullptr; each = each->next) {
    if (!each->more_to_replay || each->held) continue;
    each->page_asked = true;
    const ReadFrom from{
        .from = ReadFrom::From::after, .epoch = each->beginning->epoch, .value = each->beginning->replayed};
    stop_if_full(services().router.read_for(*each, id_, from, limits::page_messages_max));
    return;
  }
}

}  // namespace broker::shard
