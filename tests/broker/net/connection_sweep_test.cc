// SPDX-License-Identifier: Apache-2.0
// Every event in every state: all short sequences of events, and long random ones, with streams of every temper. What
// must hold after each step is written down in Sweep::check(); the fake ring itself ends the program when anything is
// armed twice, used after close, or closed while the kernel holds it.
#include <gtest/gtest.h>

#include <random>

#include "connection_fixture.h"

namespace broker::net {
namespace {

using proto::Reason;

enum class Event : int {
  data,
  last_data,
  no_buffers,
  cancelled,
  reset_by_peer,
  end_of_stream,  // what the kernel says of the receive
  sent,
  sent_short,
  broken_pipe,
  send_cancelled,  // and of the send
  answer,
  control,
  flush,
  pause,
  resume,
  finish,
  abort,
  cut,  // what the stream asks for
};
constexpr int event_count = static_cast<int>(Event::cut) + 1;

enum class Temper : int { takes_all, takes_half, pauses, finishes, aborts };
constexpr int temper_count = static_cast<int>(Temper::aborts) + 1;

class Sweep {
 public:
  explicit Sweep(Temper temper) : temper_(temper) {
    stream_.taking = [this](std::string_view text) { return take(text); };
    connection_.start();
  }
  ~Sweep() {
    connection_.abort(Reason::going_away);
    if (ring_.receiving(fd)) ring_.fail_receive(fd, ECANCELED);
    if (ring_.sending(fd)) ring_.fail_send(fd, ECANCELED);
    ++services_.turn;
    ring_.turn();
    EXPECT_EQ(connection_.state(), Connection::State::dead);
    EXPECT_EQ(stream_.deaths.size(), 1u);
    EXPECT_TRUE(ring_.closed(fd));
  }

  void step(Event event) {
    const bool was_over = over();
    ring_.forget_actions();
    apply(event);
    ++services_.turn;
    ring_.turn();
    if (stream_.progress > 0) connection_.flush();
    stream_.progress = 0;
    check(was_over);
  }

 private:
  static constexpr int fd = 7;
  using State = Connection::State;

  [[nodiscard]] bool over() const {
    return connection_.state() == State::closing || connection_.state() == State::dead;
  }

  void apply(Event event) {
    switch (event) {
      case Event::data:
      case Event::last_data:
        if (!ring_.receiving(fd)) return;
        received_ += "abcdefgh";
        return ring_.complete_receive(fd, "abcdefgh", event == Event::data);
      case Event::no_buffers: return fail_receive(ENOBUFS);
      case Event::cancelled: return fail_receive(ECANCELED);
      case Event::reset_by_peer: return fail_receive(ECONNRESET);
      case Event::end_of_stream:
        if (ring_.receiving(fd)) ring_.end_of_stream(fd);
        return;
      case Event::sent:
        if (ring_.sending(fd)) ring_.complete_send(fd);
        return;
      case Event::sent_short:
        if (ring_.sending(fd)) ring_.complete_send(fd, 1);
        return;
      case Event::broken_pipe:
        if (ring_.sending(fd)) ring_.fail_send(fd, EPIPE);
        return;
      case Event::send_cancelled:
        if (ring_.sending(fd) && over()) ring_.fail_send(fd, ECANCELED);
        return;
      case Event::answer:
        if (connection_.state() == State::open) queued_ += "answer";
        return connection_.send_answer("answer");
      case Event::control: return connection_.send_control("#");
      case Event::flush: return connection_.flush();
      case Event::pause: return connection_.pause_reading();
      case Event::resume: return connection_.resume_reading();
      case Event::finish: return connection_.finish(Reason::answered);
      case Event::abort: return connection_.abort(Reason::close_timeout);
      case Event::cut: return connection_.abort(Reason::going_away, true);
    }
  }
  void fail_receive(int error) {
    if (ring_.receiving(fd)) ring_.fail_receive(fd, error);
  }
  std::size_t take(std::string_view text) {
    switch (temper_) {
      case Temper::takes_all: return text.size();
      case Temper::takes_half: return (text.size() + 1) / 2;
      case Temper::pauses: connection_.pause_reading(); return text.size() / 2;
      case Temper::finishes: connection_.finish(Reason::bad_request); return text.size();
      case Temper::aborts: connection_.abort(Reason::protocol_error); return text.size();
    }
    return 0;
  }

  void check(bool was_over) {
    const State state = connection_.state();
    EXPECT_EQ(state == State::dead, ring_.closed(fd));
    EXPECT_EQ(stream_.deaths.size(), state == State::dead ? 1u : 0u);
    EXPECT_LE(stream_.ends, 1);
    if (was_over) {
      EXPECT_TRUE(over());
      for (const std::string& action : ring_.actions()) {
        EXPECT_FALSE(action.starts_with("send") || action.starts_with("receive")) << action;
      }
    }
    EXPECT_TRUE(state != State::dead || ring_.held_count() == 0);
    EXPECT_TRUE(state != State::closing || ring_.held_count() > 0) << "nothing will ever end it";
    // Whoever waits for something has asked for it.
    const bool listens = state == State::open && !connection_.reading_paused() && stream_.ends == 0;
    EXPECT_TRUE(!(listens || state == State::drained) || ring_.receiving(fd));
    EXPECT_TRUE(state != State::finishing || ring_.sending(fd));
    // Nothing is lost, doubled or out of order.
    EXPECT_TRUE(received_.starts_with(stream_.taken)) << stream_.taken;
    if (state == State::open && temper_ == Temper::takes_all && !connection_.reading_paused()) {
      EXPECT_EQ(stream_.taken, received_);
    }
    std::string sent = ring_.sent(fd);
    std::erase(sent, '#');
    EXPECT_TRUE(queued_.starts_with(sent)) << sent;
    EXPECT_TRUE(state != State::drained || sent == queued_);
  }

  const Temper temper_;
  fakes::FakeRing ring_;
  NotingServices services_{ring_};
  NotingStream stream_;
  Connection connection_{services_, stream_, fd, nullptr};
  std::string received_;
  std::string queued_;
};

class ConnectionSweep : public testing::TestWithParam<int> {};

TEST_P(ConnectionSweep, HoldsInEverySequenceOfThreeEvents) {
  for (int number = 0; number < event_count * event_count * event_count; ++number) {
    SCOPED_TRACE(number);
    Sweep sweep(static_cast<Temper>(GetParam()));
    for (int rest = number, i = 0; i < 3; ++i, rest /= event_count) sweep.step(static_cast<Event>(rest % event_count));
    if (HasFailure()) return;
  }
}

TEST_P(ConnectionSweep, HoldsInLongRandomSequences) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    // The ends of a life are rare, so that it is long.
    std::discrete_distribution<int> draw({20, 10, 10, 5, 1, 2, 20, 20, 1, 5, 20, 5, 10, 10, 12, 2, 1, 1});
    Sweep sweep(static_cast<Temper>(GetParam()));
    for (int step = 0; step < 60 && !HasFailure(); ++step) sweep.step(static_cast<Event>(draw(random)));
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Tempers, ConnectionSweep, testing::Range(0, temper_count));

}  // namespace
}  // namespace broker::net
