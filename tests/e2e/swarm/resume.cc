// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/pass.h"
#include "tests/e2e/swarm/scenarios.h"

namespace swarm {
namespace {

using namespace std::chrono_literals;

constexpr unsigned absences = 6;  // of each reader, about
constexpr auto absence_max = 50ms;
constexpr unsigned relapse_percent = 20;  // of those who are back drop out again while they catch up
constexpr std::uint64_t relapse_deliveries = 40;
constexpr double absences_end = 0.97;  // of the publishing, so that the last ones come back into the midst of it

class ResumePass final : public Pass {
 public:
  explicit ResumePass(const Options& options) : Pass(options, "resume", Sizes{}), plans_(options.subscribers) {}

 private:
  enum class Way : unsigned { reset, fin, torn_frame, close_normal, close_going_away, last = close_going_away };
  struct Plan {
    std::uint64_t leave_at = 0;  // deliveries received by then
    Clock::time_point back_at;
    bool leaving = false;
    int code = 0;  // that its close frame should come back with; 0: it sent none
  };

  void on_publishing() override {
    for (unsigned i = 0; i < plans_.size(); ++i) plans_[i].leave_at = readers_[i]->deliveries() + stay();
  }

  void on_turn() override {
    if (progress() > absences_end) return;
    for (unsigned i = 0; i < plans_.size(); ++i) {
      Plan& plan = plans_[i];
      if (!plan.leaving && readers_[i]->connected() && readers_[i]->deliveries() >= plan.leave_at) leave(i);
    }
  }

  void leave(unsigned number) {
    Plan& plan = plans_[number];
    Reader& reader = *readers_[number];
    plan.leaving = true;
    plan.code = 0;
    plan.back_at = Clock::now() + random_() % (absence_max / 1ms) * 1ms;
    const bool relapse = random_() % 100 < relapse_percent;
    plan.leave_at = reader.deliveries() + (relapse ? random_() % relapse_deliveries : stay());
    switch (static_cast<Way>(random_() % (static_cast<unsigned>(Way::last) + 1))) {
      case Way::reset: return reader.drop(true, false);
      case Way::fin: return reader.drop(false, false);
      case Way::torn_frame: return reader.drop(false, true);
      case Way::close_normal: plan.code = 1000; return reader.close(1000);
      case Way::close_going_away: plan.code = 1001; return reader.close(1001);
    }
  }

  void on_gone(unsigned number) override {
    Plan& plan = plans_[number];
    if (!plan.leaving) return Pass::on_gone(number);
    if (Clock::now() < plan.back_at) return;
    if (plan.code != 0 && readers_[number]->close_code() != plan.code) {
      findings_.fail("a close frame of " + std::to_string(plan.code) + " was answered with " +
                     std::to_string(readers_[number]->close_code()));
    }
    plan.leaving = false;
    readers_[number]->connect();
  }

  void check(std::string_view metrics) override {
    Pass::check(metrics);
    if (metric_sum(metrics, "kodama_deliveries_dropped_total", "reason=\"slow_consumer\"") != 0) {
      findings_.fail("the server took somebody for slow");
    }
    if (const std::uint64_t resumed = total(&Reader::recoveries);
        resumed < options_.subscribers * topics_per_subscriber) {
      findings_.fail("only " + std::to_string(resumed) + " subscriptions were resumed");
    }
  }

  [[nodiscard]] std::uint64_t stay() {
    const std::uint64_t all = options_.messages * topics_per_subscriber / options_.topics;
    return 1 + random_() % std::max<std::uint64_t>(1, 2 * all / absences);
  }

  std::vector<Plan> plans_;
};

}  // namespace

bool run_resume(const Options& options) { return ResumePass(options).run(); }

}  // namespace swarm
