// SPDX-License-Identifier: Apache-2.0
// A message's way from one shard to another: Outbox::post and publish, Inbox::drain and release, SpscQueue beneath.
#include "broker/shard/mailbox.h"

#include <atomic>
#include <thread>

#include "broker/shard/mail.h"
#include "counters.h"
#include "frames.h"

namespace bench::micro {
namespace {

using broker::shard::DeliveryMail;
using broker::topics::Message;
using broker::topics::MessageRef;

constexpr std::int64_t batch = 32;

class Sender {
 public:
  explicit Sender(broker::shard::Mailbox<DeliveryMail>& mailbox) : outbox_(mailbox, full_total_) {}
  // As a home sends one message to one more shard.
  void post_batch() {
    for (std::int64_t i = 0; i < batch; ++i) {
      outbox_.post(DeliveryMail{.type = DeliveryMail::Type::message,
                                .client = {},
                                .content_bytes = 0,
                                .tag = 0,
                                .published = {},
                                .message = message_.share(),
                                .page = {}});
    }
    benchmark::DoNotOptimize(outbox_.publish());
  }
  [[nodiscard]] bool full() const { return outbox_.full(); }
  // Shows what was spilled as soon as there is room.
  void publish_again() { benchmark::DoNotOptimize(outbox_.publish()); }

 private:
  const std::string content_ = std::string(message_bytes, 'x');
  broker::topics::ReturnStack returned_;
  const MessageRef message_{Message::make({.topic = "bench-0", .event = "bench-0", .content = content_}, 0, returned_)};
  broker::base::Counter full_total_;
  broker::shard::Outbox<DeliveryMail> outbox_;
};

// Takes what is there. Returns how many.
std::int64_t drain(broker::shard::Inbox<DeliveryMail>& inbox) {
  const std::size_t count = inbox.drain(config::limits::mails_per_turn, [](DeliveryMail&& mail) {
    benchmark::DoNotOptimize(mail.message->content().data());
    mail.message.reset();
  });
  benchmark::DoNotOptimize(inbox.release());
  return static_cast<std::int64_t>(count);
}

void mailbox_one_thread(benchmark::State& state) {
  broker::shard::Mailbox<DeliveryMail> mailbox;
  Sender sender(mailbox);
  broker::shard::Inbox<DeliveryMail> inbox(mailbox);
  std::int64_t taken = 0;
  for (auto _ : state) {
    sender.post_batch();
    taken += drain(inbox);
  }
  if (taken != state.iterations() * batch) state.SkipWithError("mails are missing");
  count_items(state, taken, "per_mail");
}
BENCHMARK(mailbox_one_thread);

// The receiver spins, as a busy shard would find mail in every turn. Wants two idle cores.
void mailbox_two_threads(benchmark::State& state) {
  broker::shard::Mailbox<DeliveryMail> mailbox;
  Sender sender(mailbox);
  std::atomic<bool> over = false;
  std::int64_t taken = 0;
  std::thread receiver([&] {
    broker::shard::Inbox<DeliveryMail> inbox(mailbox);
    while (!over.load(std::memory_order_acquire) || !inbox.empty()) {
      const std::int64_t count = drain(inbox);
      taken += count;
      if (count == 0) std::this_thread::yield();
    }
  });
  for (auto _ : state) {
    sender.post_batch();
    while (sender.full()) {  // a home stops draining its publishers
      std::this_thread::yield();
      sender.publish_again();
    }
  }
  over.store(true, std::memory_order_release);
  receiver.join();
  if (taken != state.iterations() * batch) state.SkipWithError("mails are missing");
  count_items(state, taken, "per_mail");
}
BENCHMARK(mailbox_two_threads)->UseRealTime();

}  // namespace
}  // namespace bench::micro
