// SPDX-License-Identifier: Apache-2.0
#include "proto/rest/poll_session.h"

#include <algorithm>

#include "proto/rest/log_page.h"
#include "proto/rest/publish_session.h"

namespace proto::rest {
namespace {

using namespace std::chrono_literals;

constexpr Tag only_tag = 0;  // it asks one question after the other

}  // namespace

void PollSession::on_body_end(HttpHost& host) {
  if (const std::optional<Error> error = host.read_log(only_tag, topic_, start_, limit_)) respond_error(host, *error);
}

void PollSession::on_log(Tag, const Answer<LogPage>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) return respond_error(http(host), *error);
  const LogPage& page = std::get<LogPage>(answer);
  if (!page.messages.empty() || wait_ == 0ms || stands_elsewhere(page)) return respond_page(http(host), page);
  const Start behind{.from = Start::From::after, .epoch = page.epoch, .value = page.offset};
  if (const std::optional<Error> error = host.subscribe(only_tag, topic_, behind)) {
    return respond_error(http(host), *error);
  }
  waits_ = true;
}

bool PollSession::stands_elsewhere(const LogPage& page) const {
  if (start_.from != Start::From::after) return false;
  return start_.value != page.offset || start_.epoch.value_or(page.epoch) != page.epoch;
}

void PollSession::on_subscribed(Tag, std::string_view, const Answer<Subscribed>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) return respond_error(http(host), *error);
  const Subscribed& subscribed = std::get<Subscribed>(answer);
  epoch_ = subscribed.epoch;
  newest_ = subscribed.offset;
  subscribed_ = true;
  // What was published since the log was read may be gone already: then the client is told where it stands.
  host.wake_in(subscribed.recovered.value_or(true) ? wait_ : 0ms);
}

void PollSession::append_delivery(const Message& message, std::string&, Host& host) {
  newest_ = std::max(newest_, message.offset);
  if (count_ == limit_ || messages_.size() >= messages_bytes_max) return;
  if (count_ == 0) {
    host.wake_in(0ms);  // behind what else this turn brings
  } else {
    messages_ += ',';
  }
  append_logged(messages_, message);
  taken_ = message.offset;
  ++count_;
}

void PollSession::on_timer(Host& host) { answer(http(host)); }

void PollSession::on_drain(HttpHost& host) {
  wait_ = 0ms;  // of what is asked at the moment, the answer is the last
  if (subscribed_) answer(host);
}

void PollSession::answer(HttpHost& host) {
  (void)host.unsubscribe(topic_);
  std::string body;
  begin_page(body, epoch_, newest_);
  body += messages_;
  end_page(body, count_ > 0 && taken_ < newest_);
  host.respond({.body = body, .extra_headers = {}});
}

}  // namespace proto::rest
