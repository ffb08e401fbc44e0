// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/pages.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "broker/admin/bearer.h"

namespace broker::admin {

Pages::Pages(const Subject& subject, LabelNames names, std::string version, std::vector<std::string> keys)
    : readiness_(subject.readiness),
      shard_count_(subject.shards.size()),
      keys_(std::move(keys)),
      exposition_(subject.shards, subject.reloads, std::move(names), std::move(version)),
      health_(subject.shards, subject.ask),
      socket_pages_(subject.sockets) {}

std::span<const Pages::Page> Pages::pages() {
  static constexpr Page table[] = {
      {"/", "this list", false, &Pages::list},
      {"/metrics", "for Prometheus", true, &Pages::metrics},
      {"/healthz", "200 while no shard is stuck, otherwise 503", false, &Pages::healthz},
      {"/readyz", "200 while connections are welcome, 503 before the start and while draining", false, &Pages::readyz},
      {SocketPages::namespaces_path, "sockets by namespace, and with ?namespace= by room", true, nullptr},
      {SocketPages::sockets_path, "the sockets of ?namespace= and &room=; below it one by its id, to POST to", true,
       nullptr},
  };
  return table;
}

Answer Pages::answer(const Request& request, Health::Clock::time_point now) {
  if (request.path.starts_with(SocketPages::prefix)) {
    return allowed(request) ? socket_pages_.answer(request) : wants_key();
  }
  for (const Page& page : pages()) {
    if (page.path != request.path) continue;
    if (!reads(request)) return wrong_method("GET, HEAD");
    if (page.wants_key && !allowed(request)) return wants_key();
    return (this->*page.answer)(now);
  }
  return error_answer(404, "there is no such page; / lists what there is");
}

Answer Pages::wants_key() {
  Answer answer = error_answer(401, "Authorization: Bearer with a key of access.key_file is wanted");
  answer.extra_header_name = "WWW-Authenticate";
  answer.extra_header_value = "Bearer";
  return answer;
}

bool Pages::allowed(const Request& request) const {
  const std::lock_guard lock(keys_mutex_);
  return keys_.empty() || bearer_allowed(request.authorization, keys_);
}

void Pages::set_keys(std::vector<std::string> keys) {
  const std::lock_guard lock(keys_mutex_);
  keys_ = std::move(keys);
}

Answer Pages::list(Health::Clock::time_point) {
  const std::string members = absl::StrJoin(pages(), ",", [](std::string* out, const Page& page) {
    absl::StrAppendFormat(out, "\"%s\":\"%s\"", page.path, page.summary);
  });
  return {.body = absl::StrFormat("{\"paths\":{%s}}\n", members)};
}

Answer Pages::metrics(Health::Clock::time_point) {
  return {.body = exposition_.text(), .content_type = "text/plain; version=0.0.4; charset=utf-8"};
}

Answer Pages::healthz(Health::Clock::time_point now) {
  const std::vector<std::size_t> stuck = health_.stuck(now);
  if (stuck.empty()) return {.body = absl::StrFormat("{\"status\":\"ok\",\"shards\":%d}\n", shard_count_)};
  return {.status = 503,
          .body = absl::StrFormat("{\"status\":\"stuck\",\"shards\":%d,\"stuck_shards\":[%s]}\n", shard_count_,
                                  absl::StrJoin(stuck, ","))};
}

Answer Pages::readyz(Health::Clock::time_point) {
  switch (readiness_.load(std::memory_order_relaxed)) {
    case Readiness::starting: return {.status = 503, .body = "{\"status\":\"starting\"}\n"};
    case Readiness::ready: return {.body = "{\"status\":\"ready\"}\n"};
    case Readiness::draining: return {.status = 503, .body = "{\"status\":\"draining\"}\n"};
  }
  return error_answer(500, "no such readiness");
}

}  // namespace broker::admin
