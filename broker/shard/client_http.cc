// SPDX-License-Identifier: Apache-2.0
// A client while it speaks HTTP: requests are read one behind the other, each is answered before the next is looked at.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "broker/base/check.h"
#include "broker/shard/client.h"
#include "config/limits.h"
#include "proto/dialect.h"

namespace broker::shard {

namespace http = proto::http;
using proto::Reason;

namespace {

// What a publish was refused for, as the metrics know it.
Reason refusal_reason(int status) {
  switch (status) {
    case 401: return Reason::unauthorized;
    case 403: return Reason::policy_violation;
    case 411: return Reason::length_required;
    case 413: return Reason::body_too_large;
    case 415: return Reason::unsupported_data;
    case 429: return Reason::shed_publish;
    case 503: return Reason::too_many_topics;
    default: return Reason::bad_request;
  }
}

// Of an answer whose body comes behind it.
std::string head_alone(http::ResponseParts parts, const std::string& headers) {
  parts.extra_headers = headers;
  std::string bytes;
  http::append_response_head(bytes, parts);
  return bytes;
}

// What is not refused for good: the same request may be answered in a moment (RFC 9110 §10.2.3).
bool asks_to_come_back(int status) { return status == 429 || status == 503; }

}  // namespace

std::size_t Client::read_http(std::span<std::uint8_t> bytes) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::size_t taken = 0;
  if (http_ == nullptr) http_ = std::make_unique<HttpExchange>(services().common.http_limits);
  while (phase_ == Phase::http && !close_pending_ && !connection_.reading_paused()) {
    const bool more = taken < all.size();
    if (http_->body_ended) {  // what comes behind waits for the answer
      if (more) connection_.pause_reading();
      break;
    }
    if (more && (http_->under_way() ? !has_room() : over_rate())) {
      connection_.pause_reading();
      wait_for(Wait::answers_taken, config::limits::answers_patience);
      break;
    }
    http::RequestReader::Step step = http_->reader.read(all.substr(taken));
    taken += step.consumed;
    if (!on_http_event(step.event)) break;
  }
  return taken;
}

bool Client::on_http_event(http::RequestReader::Event& event) {
  const config::Timeouts& timeouts = services().common.settings.timeouts;
  if (std::holds_alternative<http::RequestReader::NeedMore>(event)) {
    if (!http_->under_way() && wait_ == Wait::idle && !http_->reader.idle()) wait_for(Wait::head, timeouts.head);
    return false;
  }
  if (auto* refusal = std::get_if<http::Refusal>(&event)) {
    refuse(refusal->reason, proto::facts(refusal->reason).status, refusal->message);
    return false;
  }
  if (auto* request = std::get_if<http::Request>(&event)) {
    on_request(std::move(*request));
    return phase_ == Phase::http;
  }
  if (auto* piece = std::get_if<http::RequestReader::Piece>(&event)) {
    if (http_->session == nullptr || http_->answered) return true;  // it was refused; what it sends is of no interest
    wait_for(Wait::body, timeouts.body);
    if (services().memory.refuses_publishers() && http_->session->held_bytes() > config::limits::large_input_bytes) {
      refuse_for_memory();
      return true;
    }
    const std::size_t taken = http_->session->on_body(piece->bytes, *this);
    if (taken == piece->bytes.size()) return true;
    http_->held_body = piece->bytes.substr(taken);
    connection_.pause_reading();
    wait_for(Wait::answers_taken, config::limits::answers_patience);
    return false;
  }
  http_->body_ended = true;
  wait_for(Wait::nothing, {});
  (void)offer_body();
  return true;
}

void Client::on_request(http::Request&& request) {
  http::Request& asked = http_->request.emplace(std::move(request));
  wait_for(Wait::body, services().common.settings.timeouts.body);
  if (admitted_.refused) return refuse_admission();
  const http::Match match = services().common.routes.match(asked);
  http_->judges_origin = match.dialect != nullptr && match.dialect->judges_origin(asked);
  if (!http_->judges_origin && !origin_allowed()) {
    return refuse(Reason::origin_refused, 403, "pages of this origin may not use this broker: see access.origins");
  }
  http_->head_request = asked.method == "HEAD";
  switch (match.kind) {
    case http::Match::Kind::found: return match.websocket() ? open_websocket(match) : open_http(match);
    case http::Match::Kind::options: return answer_preflight(match.headers);
    case http::Match::Kind::not_found:
      return respond({.status = 404, .body = services().common.routes.not_found_body(), .extra_headers = {}});
    default: return refuse(match.reason(), match.status(), match.message, match.headers);
  }
}

void Client::refuse_admission() {
  refuse(*admitted_.refused, proto::facts(*admitted_.refused).status, refusal_text(*admitted_.refused));
}

void Client::refuse_for_memory() {
  refuse(Reason::shed_publish, proto::facts(Reason::shed_publish).status, refusal_text(Reason::shed_publish));
  http_->session.reset();  // with what it holds
}

void Client::open_http(const http::Match& match) {
  const http::Request& asked = *http_->request;
  if (!match.route->publishes) count_command();  // what it publishes is counted one by one
  http_->publishes = match.route->publishes;
  if (match.route->publishes && !services().common.access.backend_allowed(asked.header("authorization"))) {
    return refuse(Reason::unauthorized, 401,
                  "publishing over HTTP wants Authorization: Bearer and a key of access.key_file",
                  "WWW-Authenticate: Bearer realm=\"kodama\"\r\n");
  }
  auto opened = match.dialect->open_http(asked, {.message_bytes_max = services().common.settings.limits.message_bytes});
  if (auto* error = std::get_if<proto::Error>(&opened)) {
    return respond(
        {.status = error->status, .body = http::error_body(error->status, error->message), .extra_headers = {}});
  }
  http_->session = std::move(std::get<std::unique_ptr<proto::HttpSession>>(opened));
  const auto& dialects = services().common.dialects;
  set_dialect(static_cast<std::uint32_t>(std::ranges::find(dialects, match.dialect) - dialects.begin()), transport_);
  http_->session->on_request(*this);
  if (asked.expects_continue && asked.has_body && !http_->answered && http_->session->takes_body_now()) {
    std::string interim;
    http::append_continue(interim);
    send(interim);
  }
  if (http_->judges_origin && !http_->session->keeps_request()) http_->forget_head();
}

// Gives the session what it had no room for, and tells it of the body's end. Returns whether reading may go on.
bool Client::offer_body() {
  if (http_ == nullptr) return true;
  HttpExchange& exchange = *http_;
  if (exchange.session != nullptr && !exchange.answered) {
    if (!exchange.held_body.empty()) {
      const std::size_t taken = exchange.session->on_body(exchange.held_body, *this);
      exchange.held_body.erase(0, taken);
      if (!exchange.held_body.empty() && !exchange.answered) return false;
    }
    if (exchange.body_ended && !exchange.body_end_told) {
      exchange.body_end_told = true;
      exchange.session->on_body_end(*this);
      if (services().draining) answer_now();
    }
  }
  return !exchange.body_ended;
}

void Client::answer_now() {
  if (http_->body_end_told && !http_->answered && !http_->answering) http_->session->on_drain(*this);
}

// ---- answers

std::string Client::common_headers() const {
  std::string headers;
  const Access& access = services().common.access;
  if (http_->under_way()) {
    const std::string_view origin = http_->request->header("origin");
    if (!origin.empty() && !http_->judges_origin && origin_allowed()) {
      http::append_header(headers, "Access-Control-Allow-Origin", origin);
      http::append_header(headers, "Access-Control-Expose-Headers", "Kodama-Shard");
    }
    headers += "Vary: Origin\r\n";
  }
  if (access.dev()) absl::StrAppend(&headers, "Kodama-Shard: ", services().shard, "\r\n");
  return headers;
}

http::ResponseParts Client::parts(const proto::Response& response) const {
  const http::Request* asked = http_->under_way() ? &*http_->request : nullptr;
  return {.status = response.status,
          .content_type = response.content_type,
          .body = response.body,
          .extra_headers = {},
          .keep_alive = asked != nullptr && asked->keep_alive && !services().draining && !http_->input_ended &&
                        !admitted_.refused,
          .head_request = http_->head_request,
          .version_minor = asked != nullptr ? asked->version_minor : 1};
}

void Client::respond(const proto::Response& response) {
  if (http_->answered || http_->answering) return;
  if (http_->publishes && response.status >= 400)
    services().metrics.publishes_refused[refusal_reason(response.status)].add();
  http::ResponseParts out = parts(response);
  // Without the rest of the body there is no next request on this connection.
  out.keep_alive = out.keep_alive && !response.last && (http_->body_ended || !http_->request->has_body);
  std::string headers = common_headers().append(response.extra_headers);
  if (asks_to_come_back(response.status)) headers += "Retry-After: 1\r\n";
  out.extra_headers = headers;
  std::string bytes;
  http::append_response(bytes, out);
  send(bytes);
  http_->answered = true;
  http_->keep_alive = http::stays_open(out);
}

void Client::begin(const proto::Response& head) {
  http::ResponseParts out = parts(head);
  out.chunked = true;
  send(head_alone(out, common_headers().append(head.extra_headers)));
  http_->answering = true;
  http_->keep_alive = http::stays_open(out);
}

void Client::write(std::string_view bytes) {
  if (http_->head_request || bytes.empty()) return;
  if (http_->request->version_minor == 0) return send(bytes);
  std::string chunk;
  http::append_chunk(chunk, bytes);
  send(chunk);
}

void Client::end() {
  if (!http_->head_request && http_->request->version_minor > 0) {
    std::string last;
    http::append_last_chunk(last);
    send(last);
  }
  http_->answered = true;
}

void Client::stream(const proto::Response& head) {
  if (services().draining) return refuse(Reason::draining, 503, "this broker is going away");
  http::ResponseParts out = parts(head);
  out.until_close = true;
  send(head_alone(out, common_headers().append(head.extra_headers)));
  http_->answering = true;
  http_->streams = !http_->head_request;
  http_->answered = http_->head_request;
  http_->keep_alive = http::stays_open(out);
}

void Client::refuse(Reason reason, int status, std::string_view message, std::string_view extra_headers) {
  services().metrics.connections_rejected[reason].add();
  if (http_->answering) return end_connection(reason);  // it is too late for a status
  const bool head_unread = !http_->under_way();
  const std::string body = http::error_body(status, message);
  respond({.status = status, .body = body, .extra_headers = extra_headers});
  if (head_unread || reason == Reason::body_timeout) http_->keep_alive = false;
  close_reason_ = reason;
  mark_dirty();
}

bool Client::origin_allowed() const {
  const http::Request& asked = *http_->request;
  return services().common.access.origin_allowed(asked.header("origin"), asked.header("host"),
                                                 connection_.tls() != nullptr);
}

// At the turn's end, as the session is on the stack.
void Client::upgrade(std::unique_ptr<proto::WebSocketSession> session, std::string_view extra_headers) {
  http_->upgrade_to = std::move(session);
  http_->upgrade_headers = extra_headers;
  mark_dirty();
}

void Client::answer_preflight(const std::string& allow) {
  std::string headers = allow;
  const http::Request& asked = *http_->request;
  if (!asked.header("access-control-request-method").empty()) {
    const std::string_view methods = std::string_view(allow).substr(sizeof("Allow: ") - 1);
    http::append_header(headers, "Access-Control-Allow-Methods", methods.substr(0, methods.size() - 2));
    http::append_header(headers, "Access-Control-Allow-Headers",
                        "Authorization, Cache-Control, Content-Type, Last-Event-ID");
    http::append_header(headers, "Access-Control-Max-Age", "600");
  }
  respond({.status = 204, .content_type = "", .extra_headers = headers});
}

// At the turn's end, when the session is not on the stack.
void Client::finish_exchange() {
  if (http_ == nullptr) return;
  if (http_->upgrade_to != nullptr) return switch_protocols(std::move(http_->upgrade_to), {}, http_->upgrade_headers);
  if (http_->streams) return begin_stream();
  if (!http_->answered) {
    // It had closed its side before it was known that it has to wait.
    const bool waits_no_more = http_->input_ended && http_->session != nullptr && http_->session->ends_with_input();
    if (waits_no_more) end_connection(Reason::peer_closed);
    return;
  }
  if (!http_->keep_alive) {
    return end_connection(!http_->under_way() || close_reason_ != Reason::peer_closed ? close_reason_
                                                                                      : Reason::answered);
  }
  if (!http_->body_ended) return;  // its end is still to be read
  http_.reset();
  close_reason_ = Reason::peer_closed;
  wait_for(Wait::idle, services().common.settings.timeouts.idle);
  if (services().draining) end_connection(Reason::going_away);
}

void Client::begin_stream() {
  session_ = std::move(http_->session);
  http_.reset();
  phase_ = Phase::stream;
  if (services().draining) close(Reason::going_away);
}

}  // namespace broker::shard
