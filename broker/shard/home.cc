// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/home.h"

#include <algorithm>

#include "config/limits.h"

namespace broker::shard {
namespace {

using namespace std::chrono_literals;

// What time takes away is allowed to stay this much longer, so that a busy log is not swept for each message.
constexpr std::chrono::microseconds sweep_slack = 1s;

}  // namespace

topics::LogLimits log_limits(const config::Log& log, ShardIndex shards, std::uint64_t memory_bytes) {
  return {.messages = log.messages, .age = log.age, .bytes = std::min(log.bytes / shards, memory_bytes / 2)};
}

Home::Home(const Options& options, Post& post, const Now& now, base::TimerWheel& timers, base::ShardMetrics& metrics)
    : post_(post),
      now_(now),
      timers_(timers),
      metrics_(metrics),
      topics_(options.log, options.epoch_seed, options.groups, options.topics_max),
      engine_(std::make_unique<topics::MemoryEngine>()) {
  sweep_.bind<&Home::on_sweep>(*this);
}

void Home::on_mail(ShardIndex from, RequestMail&& mail) {
  switch (mail.type) {
    case RequestMail::Type::publish: on_publish(from, std::move(mail)); break;
    case RequestMail::Type::read: on_read(from, std::move(mail)); break;
    case RequestMail::Type::leave: on_leave(from, mail.read->topic); break;
    case RequestMail::Type::session: return;  // the sessions'
  }
  arm_sweep();
  show();
}

void Home::on_publish(ShardIndex from, RequestMail&& mail) {
  const topics::PublishTicket ticket{.shard = from,
                                     .client_slot = mail.client.slot,
                                     .client_generation = mail.client.generation,
                                     .quiet = mail.quiet,
                                     .tag = mail.tag,
                                     .content_bytes = mail.message->content_bytes};
  if (topics::Topic* topic = topics_.find_or_make(mail.message->name(), now_.steady)) {
    return engine_->publish(*topic, std::move(mail.message), ticket, now_.wall_us, *this);
  }
  const bool to_a_stream = topics_.is_stream(mail.message->name());
  if (!to_a_stream) metrics_.limits_reached[proto::Reason::too_many_topics].add();
  if (ticket.client_generation == 0) return;
  acknowledgements_.push_back(
      {.ticket = ticket,
       .published = {},
       .refused = to_a_stream ? proto::Reason::policy_violation : proto::Reason::too_many_topics});
}

void Home::on_read(ShardIndex from, RequestMail&& mail) {
  std::unique_ptr<ReadPage> page;
  const topics::Name name(mail.read->topic);
  if (topics::Stream* stream = topics_.find_or_make_stream(name)) {
    if (mail.read->subscribe) stream->shards.set(from);
    page = read(*stream, *mail.read);
  } else if (topics::Topic* topic = topics_.find_or_make(name, now_.steady)) {
    if (mail.read->subscribe) topics_.add_shard(*topic, from);
    page = read(*topic, *mail.read);
  } else {
    metrics_.limits_reached[proto::Reason::too_many_topics].add();
    page = std::make_unique<ReadPage>();
    page->refused = proto::Reason::too_many_topics;
  }
  post_.send(from, DeliveryMail{.type = DeliveryMail::Type::page,
                                .client = mail.client,
                                .content_bytes = 0,
                                .tag = mail.tag,
                                .published = {},
                                .message = {},
                                .page = std::move(page)});
}

void Home::on_leave(ShardIndex from, const topics::Name& name) {
  if (topics::Stream* stream = topics_.find_or_make_stream(name)) {
    stream->shards.reset(from);
  } else if (topics::Topic* topic = topics_.find(name)) {
    topics_.remove_shard(*topic, from, now_.steady);
  }
}

void Home::on_sequenced(topics::Topic& topic, topics::MessageRef message, const topics::PublishTicket& ticket) {
  topics::Stream* const stream = topic.stream();
  if (stream != nullptr) stream->place(*message);
  for (ShardIndex to = 0; to < post_.shards(); ++to) {
    if (topic.shards.test(to) || (stream != nullptr && stream->shards.test(to))) {
      post_.send(to, DeliveryMail{.type = DeliveryMail::Type::message,
                                  .client = {},
                                  .content_bytes = 0,
                                  .tag = 0,
                                  .published = {},
                                  .message = message.share(),
                                  .page = {}});
    }
  }
  if (ticket.client_generation != 0 && !ticket.quiet) {
    acknowledgements_.push_back({ticket, {message->epoch, message->offset}, std::nullopt});
  }
  topics_.append_to_log(topic, std::move(message), now_.steady);
}

void Home::acknowledge() {
  for (const Acknowledgement& each : acknowledgements_) {
    post_.send(each.ticket.shard, DeliveryMail{.type = DeliveryMail::Type::published,
                                               .quiet = each.ticket.quiet,
                                               .refused = each.refused,
                                               .client = {each.ticket.client_slot, each.ticket.client_generation},
                                               .content_bytes = each.ticket.content_bytes,
                                               .tag = each.ticket.tag,
                                               .published = each.published,
                                               .message = {},
                                               .page = {}});
  }
  acknowledgements_.clear();
}

void Home::set_log_limits(const topics::LogLimits& limits) {
  topics_.set_log_limits(limits, now_.steady);
  timers_.cancel(sweep_);  // what is to expire may have become due earlier
  arm_sweep();
  show();
}

// `log` is a topic or a stream.
template <class Log>
std::unique_ptr<ReadPage> Home::read(const Log& log, const ReadRequest& request) {
  auto page = std::make_unique<ReadPage>();
  page->epoch = log.epoch();
  page->offset = log.offset();
  page->plan = topics::HomeTopics::plan(log, request.from);
  std::size_t bytes = 0;
  std::uint64_t next = page->plan.first;
  for (; next <= log.offset() && page->messages.size() < request.messages_max; ++next) {
    topics::Message& message = log.logged(next);
    bytes += message.memory_bytes();
    if (!page->messages.empty() && bytes > config::limits::page_bytes_max) break;
    message.refs.fetch_add(1, std::memory_order_relaxed);
    page->messages.emplace_back(topics::MessageRef(&message));
  }
  page->more = next <= log.offset();
  return page;
}

void Home::on_sweep() noexcept {
  topics_.sweep(now_.steady);
  arm_sweep();
  show();
}

void Home::arm_sweep() {
  if (sweep_.armed()) return;
  const auto next = topics_.next_sweep(now_.steady);
  if (next) timers_.arm(sweep_, now_.steady + std::max(*next, 0us) + sweep_slack);
}

void Home::show() {
  metrics_.topics.set(static_cast<std::int64_t>(topics_.size()));
  metrics_.log_bytes.set(static_cast<std::int64_t>(topics_.log_bytes()));
}

}  // namespace broker::shard
