// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/router.h"

#include "broker/base/check.h"
#include "config/limits.h"
#include "proto/topic_name.h"

namespace broker::shard {

using topics::FormatGroup;
using topics::LocalTopic;
using topics::Subscription;

Router::Router(ClientTable& clients, Post& post, ShardIndex shards, const Now& now,
               const proto::websocket::DeflaterOptions& compression, base::ShardMetrics& metrics, base::LogSink& log,
               std::int64_t* run_bytes)
    : messages_(post.messages()),
      clients_(clients),
      post_(post),
      shards_(shards),
      now_(now),
      metrics_(metrics),
      undeliverable_(metrics, log, now),
      run_bytes_(run_bytes),
      deflater_(compression) {}

// A topic is its own group, and the group chooses the home (design of groups: broker/topics/README.md).
ShardIndex Router::home_of(std::string_view topic) const {
  return static_cast<ShardIndex>(topics::home_of(topic, shards_));
}

ShardIndex Router::publish(ClientId client, proto::Tag tag, const proto::Publication& publication, Answer answer) {
  const std::string_view event =
      publication.event.empty() ? proto::default_event(publication.topic) : publication.event;
  topics::MessageRef message(topics::Message::make({.topic = publication.topic,
                                                    .event = event,
                                                    .content = publication.content,
                                                    .kind = static_cast<std::uint8_t>(publication.kind)},
                                                   now_.steady_ns, messages_));
  const ShardIndex home = home_of(publication.topic);
  post_.send(home, RequestMail{.type = RequestMail::Type::publish,
                               .quiet = answer == Answer::when_refused,
                               .client = client,
                               .tag = tag,
                               .message = std::move(message),
                               .read = {}});
  return home;
}

ShardIndex Router::read(ClientId client, proto::Tag tag, std::string_view topic, const topics::ReadFrom& from,
                        std::uint32_t messages_max) {
  const ShardIndex home = home_of(topic);
  post_.send(home, RequestMail{.type = RequestMail::Type::read,
                               .client = client,
                               .tag = tag,
                               .message = {},
                               .read = std::make_unique<ReadRequest>(ReadRequest{
                                   .topic = std::string(topic), .from = from, .messages_max = messages_max})});
  return home;
}

Subscription& Router::subscribe(Recipient& recipient, std::string_view topic, const proto::WireFormat& format,
                                std::uint8_t deflate_bits) {
  return subscribers_.add(topic, &recipient, &format, deflate_bits);
}

ShardIndex Router::read_for(const Subscription& subscription, ClientId client, const topics::ReadFrom& from,
                            std::uint32_t messages_max) {
  const std::string& topic = subscription.topic->name();
  const ShardIndex home = home_of(topic);
  post_.send(home, RequestMail{.type = RequestMail::Type::read,
                               .client = client,
                               .tag = subscription.beginning->serial,
                               .message = {},
                               .read = std::make_unique<ReadRequest>(ReadRequest{
                                   .topic = topic, .from = from, .messages_max = messages_max, .subscribe = true})});
  return home;
}

void Router::make_live(Subscription& subscription) {
  hand_out(*subscription.topic);
  topics::SubscriberTable::make_live(subscription);
}

void Router::unsubscribe(Subscription& subscription) {
  LocalTopic& topic = *subscription.topic;
  if (topic.run_pending && topic.subscriptions() == 1) {  // nobody is left to hand the run to
    std::erase(pending_, &topic);
    topic.run_pending = false;
  }
  std::string name = topic.name();
  if (!subscribers_.remove(subscription)) return;
  const ShardIndex home = home_of(name);
  post_.send(home,
             RequestMail{.type = RequestMail::Type::leave,
                         .client = {},
                         .tag = 0,
                         .message = {},
                         .read = std::make_unique<ReadRequest>(ReadRequest{.topic = std::move(name), .from = {}})});
}

void Router::on_mail(DeliveryMail&& mail) {
  if (mail.type == DeliveryMail::Type::message) {
    take(*mail.message);
    mail.message.reset();
    return;
  }
  // What was delivered before an answer also leaves before it.
  if (!pending_.empty()) fan_out();
  Recipient* client = clients_.find(mail.client);
  if (client == nullptr) return;
  if (mail.type == DeliveryMail::Type::published) {
    if (mail.refused) {
      client->on_publish_refused(mail.tag, *mail.refused,
                                 mail.quiet ? std::nullopt : std::optional(mail.content_bytes));
    } else {
      client->on_published(mail.tag, mail.published, mail.content_bytes);
    }
  } else {
    client->on_page(mail.tag, *mail.page);
  }
  mail.page.reset();
}

proto::Message Router::view(const topics::Message& message) {
  return {.topic = message.topic(),
          .epoch = message.epoch,
          .offset = message.offset,
          .time_us = message.time_us,
          .event = message.event(),
          .kind = static_cast<proto::Kind>(message.kind),
          .content = message.content()};
}

bool Router::encode(const topics::Message& message, const proto::WireFormat& format, std::size_t subscribers,
                    std::string& out) {
  const std::size_t before = out.size();
  const proto::Message viewed = view(message);
  format.append(format, viewed, out);
  if (out.size() > before) return true;
  undeliverable_.note(format, viewed, subscribers);
  return false;
}

void Router::take(const topics::Message& message) {
  LocalTopic* topic = subscribers_.find(message.name());
  if (topic == nullptr) return;  // the last subscriber left while it was on its way
  for (FormatGroup& group : topic->groups) {
    if (group.live.empty()) continue;
    topics::Run& run = group.run;
    if (run.messages > 0 && run.bytes.size() + message.content_bytes > config::limits::run_bytes_max) {
      hand_out(*topic, group);
    }
    const std::size_t begin = run.bytes.size();
    const auto& format = *static_cast<const proto::WireFormat*>(group.format);
    if (!encode(message, format, group.live.size(), run.bytes)) continue;
    if (group.deflate_bits != 0) compress(run.bytes, begin, group.deflate_bits);
    if (run.messages++ == 0) {
      run.first_offset = message.offset;
      run.accepted_ns = message.accepted_ns;
    }
    if (!topic->run_pending) {
      topic->run_pending = true;
      pending_.push_back(topic);
    }
  }
}

void Router::compress(std::string& frames, std::size_t begin, std::uint8_t deflate_bits) {
  const proto::websocket::Deflater::Done done = deflater_.compress_frames(frames, begin, deflate_bits);
  metrics_.deflate_messages(base::Direction::out).add(done.messages);
  metrics_.deflate_plain_bytes(base::Direction::out).add(done.bytes_before);
  metrics_.deflate_wire_bytes(base::Direction::out).add(done.bytes_after);
}

void Router::fan_out() {
  for (LocalTopic* topic : pending_) {
    hand_out(*topic);
    topic->run_pending = false;
  }
  pending_.clear();
}

void Router::hand_out(LocalTopic& topic) {
  for (FormatGroup& group : topic.groups) hand_out(topic, group);
}

// Hot: the work for each subscriber is one entry in its queue. Measured by fan_out_at_rest and fan_out_under_way of
// bench/micro, and by the wide and dense regimes of bench/.
void Router::hand_out(LocalTopic& topic, FormatGroup& group) {
  if (group.run.messages == 0) return;
  const net::SharedBytesRef run = net::SharedBytesRef::make({.bytes = std::move(group.run.bytes),
                                                             .stream = &topic,
                                                             .first_offset = group.run.first_offset,
                                                             .messages = group.run.messages,
                                                             .accepted_ns = group.run.accepted_ns,
                                                             .account = run_bytes_,
                                                             .use = net::SharedBytes::Use::delivery});
  group.run = {};
  for (void* subscriber : group.subscribers) static_cast<Recipient*>(subscriber)->deliver(run);
}

}  // namespace broker::shard
