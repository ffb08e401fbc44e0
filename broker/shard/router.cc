// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/router.h"

#include <algorithm>

#include "broker/shard/addressed.h"
#include "config/limits.h"
#include "proto/audience.h"
#include "proto/socketio/namespace_topics.h"
#include "proto/topic_name.h"

namespace broker::shard {

using topics::FormatGroup;
using topics::LocalTopic;
using topics::Subscription;

Router::Router(ClientTable& clients, Post& post, ShardIndex shards, const topics::Groups& groups, const Now& now,
               const proto::websocket::DeflaterOptions& compression, base::ShardMetrics& metrics, base::LogSink& log,
               std::int64_t* run_bytes)
    : messages_(post.messages()),
      clients_(clients),
      post_(post),
      shards_(shards),
      groups_(groups),
      now_(now),
      metrics_(metrics),
      undeliverable_(metrics, log, now),
      run_bytes_(run_bytes),
      deflater_(compression) {}

// The topics of one order have one home.
ShardIndex Router::home_of(const topics::Name& topic) const { return home_of_group(groups_.group_of(topic)); }

ShardIndex Router::home_of_group(std::string_view group) const {
  return static_cast<ShardIndex>(topics::home_of(group, shards_));
}

ShardIndex Router::publish(ClientId client, proto::Tag tag, const proto::Publication& publication, Answer answer) {
  const std::string_view event =
      publication.event.empty() ? proto::default_event(publication.topic) : publication.event;
  const topics::Name topic(publication.topic);
  const std::string* const stream = groups_.stream_of(topic);
  const ShardIndex home = home_of_group(stream == nullptr ? topic.text : std::string_view(*stream));
  std::string_view audience = publication.audience;
  std::string implied;
  if (stream != nullptr) {
    const std::string_view member = proto::socketio::implied_member(topic.text);
    if (audience.empty() && !member.empty()) {
      proto::append_member(implied, proto::Sign::to, member);
      audience = implied;
    }
  }
  topics::MessageRef message(topics::Message::make({.topic = topic,
                                                    .event = event,
                                                    .content = publication.content,
                                                    .audience = audience,
                                                    .kind = static_cast<std::uint8_t>(publication.kind)},
                                                   now_.steady_ns, messages_));
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
  const topics::Name name(topic);
  Subscription& made = subscribers_.add(name, &recipient, &format, deflate_bits);
  if (!made.topic->is_stream && groups_.is_stream(name)) {
    made.topic->is_stream = true;
    made.topic->addressing = std::make_unique<topics::Addressing>(proto::socketio::room_member(""));
  }
  return made;
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
  LocalTopic& topic = *subscription.topic;
  hand_out(topic);
  topic.epoch = subscription.beginning->epoch;
  topic.position = std::max(topic.position, subscription.beginning->replayed);
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

void Router::join(Subscription& subscription, std::string_view member) {
  LocalTopic& topic = *subscription.topic;
  hand_out(topic);
  if (topic.addressing == nullptr) topic.addressing = std::make_unique<topics::Addressing>();
  topic.addressing->members.join(subscription, member);
  topic.addressing->is_addressed = false;
}

void Router::part(Subscription& subscription, std::string_view member) {
  LocalTopic& topic = *subscription.topic;
  if (topic.addressing == nullptr) return;
  hand_out(topic);
  topic.addressing->members.part(subscription, member);
  topic.addressing->is_addressed = false;
}

bool Router::is_member(const Subscription& subscription, std::string_view member) const {
  const topics::Addressing* const addressing = subscription.topic->addressing.get();
  return addressing != nullptr && addressing->members.is_member(subscription, member);
}

bool Router::is_for(const Subscription& subscription, const topics::Message& message) const {
  const proto::Signs signs = subscription.topic->is_stream ? proto::stream_signs : proto::topic_signs;
  return proto::includes(message.audience(), signs, [&](std::string_view member) { return is_member(subscription, member); });
}

Router::Position Router::position(const Subscription& subscription) {
  if (!subscription.live) return {subscription.beginning->epoch, subscription.beginning->replayed};
  hand_out(*subscription.topic);
  return {subscription.topic->epoch, subscription.topic->position};
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
          .content = message.content(),
          .stream_epoch = message.stream_epoch,
          .stream_offset = message.stream_offset,
          .audience = message.audience()};
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
  if (topic != nullptr) {  // or its last subscriber has just left
    address(*topic, message.audience());
    append(*topic, message, message.offset);
  }
  if (message.stream_offset > 0) take_of_stream(message);
}

void Router::take_of_stream(const topics::Message& message) {
  LocalTopic* stream = subscribers_.find(*groups_.stream_of(message.name()));
  if (stream == nullptr) return;
  stream->position = message.stream_offset;
  address(*stream, message.audience());
  append(*stream, message, message.stream_offset);
}

void Router::address(LocalTopic& topic, std::string_view audience) {
  const proto::Signs signs = topic.is_stream ? proto::stream_signs : proto::topic_signs;
  if (!audience.empty() && !proto::says(audience, signs)) audience = {};
  if (topic.addressing == nullptr) {
    if (audience.empty()) return;
    topic.addressing = std::make_unique<topics::Addressing>();
  }
  topics::Addressing& its = *topic.addressing;
  if (its.audience != audience) {
    hand_out(topic);
    its.audience = audience;
    its.is_addressed = false;
  }
  find_addressed(topic);
}

void Router::append(LocalTopic& topic, const topics::Message& message, std::uint64_t offset) {
  topic.position = offset;
  for (FormatGroup& group : topic.groups) {
    const std::size_t subscribers = addressed(topic, group).size();
    if (subscribers == 0) continue;
    const auto& format = *static_cast<const proto::WireFormat*>(group.format);
    if (&format == &proto::by_session) {
      hand_out_each(topic, group, message, offset);
      continue;
    }
    topics::Run& run = group.run;
    if (run.messages > 0 && run.bytes.size() + message.content_bytes > config::limits::run_bytes_max) {
      hand_out(topic, group);
    }
    const std::size_t begin = run.bytes.size();
    if (!encode(message, format, subscribers, run.bytes)) continue;
    if (group.deflate_bits != 0) compress(run.bytes, begin, group.deflate_bits);
    if (run.messages++ == 0) {
      run.first_offset = offset;
      run.accepted_ns = message.accepted_ns;
    }
    if (!topic.run_pending) {
      topic.run_pending = true;
      pending_.push_back(&topic);
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
  if (topic.addressing != nullptr) find_addressed(topic);  // somebody may have gone
  for (FormatGroup& group : topic.groups) hand_out(topic, group);
}

// Hot: the work for each subscriber is one entry in its queue. Measured by fan_out_at_rest and fan_out_under_way of
// bench/micro, and by the wide and dense regimes of bench/.
void Router::hand_out(LocalTopic& topic, FormatGroup& group) {
  if (group.run.messages == 0) return;
  const net::SharedBytesRef run = make_run(topic, std::move(group.run));
  group.run = {};
  for (void* subscriber : addressed(topic, group)) static_cast<Recipient*>(subscriber)->deliver(run);
}

net::SharedBytesRef Router::make_run(LocalTopic& topic, topics::Run&& run) const {
  return net::SharedBytesRef::make({.bytes = std::move(run.bytes),
                                    .stream = &topic,
                                    .first_offset = run.first_offset,
                                    .messages = run.messages,
                                    .accepted_ns = run.accepted_ns,
                                    .account = run_bytes_,
                                    .use = net::SharedBytes::Use::delivery});
}

void Router::hand_out_each(LocalTopic& topic, FormatGroup& group, const topics::Message& message,
                           std::uint64_t offset) {
  const proto::Message viewed = view(message);
  for (void* subscriber : addressed(topic, group)) {
    auto& recipient = *static_cast<Recipient*>(subscriber);
    std::string bytes = recipient.write_delivery(viewed);
    if (bytes.empty()) continue;
    recipient.deliver(make_run(topic, {.bytes = std::move(bytes),
                                       .first_offset = offset,
                                       .messages = 1,
                                       .accepted_ns = message.accepted_ns}));
  }
}

}  // namespace broker::shard
