// SPDX-License-Identifier: Apache-2.0
#include "broker/topics/subscriber_table.h"

#include "broker/base/check.h"

namespace broker::topics {
namespace {

FormatGroup* find_group(LocalTopic& topic, const Subscription& subscription) {
  for (FormatGroup& group : topic.groups) {
    if (group.has(subscription)) return &group;
  }
  return nullptr;
}

}  // namespace

// Hot: once a message. Measured by topic_lookup of bench/micro.
LocalTopic* SubscriberTable::find(const Name& topic) {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : found->second.get();
}

Subscription& SubscriberTable::add(const Name& name, void* subscriber, const void* format, std::uint8_t deflate_bits) {
  LocalTopic* topic = find(name);
  if (topic == nullptr) {
    auto made = std::make_unique<LocalTopic>(name.text);
    topic = made.get();
    topics_.emplace(Name(topic->name(), name.hash), std::move(made));
  }
  ++topic->subscriptions_;
  auto* made = new Subscription{.format = format, .topic = topic};
  made->deflate_bits = deflate_bits;
  made->beginning->subscriber = subscriber;
  return *made;
}

void SubscriberTable::make_live(Subscription& subscription) {
  KODAMA_CHECK(!subscription.live);
  LocalTopic& topic = *subscription.topic;
  FormatGroup* group = find_group(topic, subscription);
  if (group == nullptr) {
    group = &topic.groups.emplace_back(FormatGroup{.format = subscription.format,
                                                   .deflate_bits = subscription.deflate_bits,
                                                   .live = {},
                                                   .subscribers = {},
                                                   .addressed = {},
                                                   .run = {}});
  }
  KODAMA_CHECK(group->run.messages == 0, "a run is pending for ", topic.name());
  if (topic.addressing != nullptr) topic.addressing->is_addressed = false;
  subscription.position = static_cast<std::uint32_t>(group->live.size());
  subscription.live = true;
  group->live.push_back(&subscription);
  group->subscribers.push_back(subscription.beginning->subscriber);
  subscription.beginning.reset();
}

void* SubscriberTable::subscriber_of(const Subscription& subscription) {
  if (!subscription.live) return subscription.beginning->subscriber;
  return find_group(*subscription.topic, subscription)->subscribers[subscription.position];
}

bool SubscriberTable::remove(Subscription& subscription) {
  LocalTopic& topic = *subscription.topic;
  if (topic.addressing != nullptr) {
    topic.addressing->members.remove(subscription);
    topic.addressing->is_addressed = false;
  }
  if (subscription.live) {
    FormatGroup* group = find_group(topic, subscription);
    Subscription* last = group->live.back();
    group->live[subscription.position] = last;
    group->subscribers[subscription.position] = group->subscribers.back();
    last->position = subscription.position;
    group->live.pop_back();
    group->subscribers.pop_back();
    if (group->live.empty()) {
      group->live.shrink_to_fit();
      group->subscribers.shrink_to_fit();
      group->addressed = {};
      group->run = {};
    }
  }
  delete &subscription;
  if (--topic.subscriptions_ > 0) return false;
  KODAMA_CHECK(!topic.run_pending, "a run is pending for ", topic.name());
  topics_.erase(topics_.find(Name(topic.name())));
  return true;
}

}  // namespace broker::topics
