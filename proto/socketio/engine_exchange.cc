// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/engine_exchange.h"

#include <algorithm>

#include "proto/http/accept_encoding.h"
#include "proto/http/compress.h"
#include "proto/http/response.h"
#include "proto/socketio/candidate_session.h"

namespace proto::socketio {
namespace {

using Kind = SessionQuestion::Kind;

// Below this a compressed answer saves nothing that is worth its time; the reference's threshold.
constexpr std::size_t compress_above = 1024;

Upgrade upgrade_of(bool upgrades) { return upgrades ? Upgrade::websocket : Upgrade::none; }

std::string_view word(SameSite same_site) {
  switch (same_site) {
    case SameSite::lax: return "Lax";
    case SameSite::strict: return "Strict";
    case SameSite::none: return "None";
  }
  return "";
}

}  // namespace

EngineExchange::EngineExchange(const EndpointRules& endpoint, const http::Request& request)
    : endpoint_(endpoint),
      request_(&request),
      upgrades_(request.upgrade_websocket && request.method == "GET"),
      posts_(request.method == "POST") {
  if (http::accepts(request, "gzip")) {
    coding_ = Coding::gzip;
  } else if (http::accepts(request, "deflate")) {
    coding_ = Coding::deflate;
  }
}

void EngineExchange::on_request(HttpHost& host) {
  cors_ = cross_origin(host);
  const EngineQuery query = read_engine_query(request_->query);
  base64_ = query.base64;
  const EngineOptions& options = endpoint_.options();
  const auto transport_error = check_transport(query, {.polling = options.polling, .websocket = options.websocket});
  if (request_->method == "OPTIONS") {
    answer_preflight(host);
  } else if (transport_error) {
    refuse(*transport_error, host);
  } else if (upgrades_ && !origin_may(host)) {
    refuse(EngineError::forbidden, host);
  } else if (query.sid.empty()) {
    open(query, host);
  } else {
    ask_session(query, host);
  }
  request_ = nullptr;
}

void EngineExchange::open(const EngineQuery& query, HttpHost& host) {
  if (const auto error = check_opening(query, request_->method, upgrade_of(upgrades_))) return refuse(*error, host);
  OpeningRequest opening = endpoint_.opening(*request_);
  if (endpoint_.refuses(opening, host.clock().wall_us)) return refuse(EngineError::forbidden, host);
  if (const auto error = check_version(query)) return refuse(*error, host);
  if (!upgrades_) {
    SessionQuestion question{.kind = Kind::open, .endpoint = &endpoint_, .opening = std::move(opening)};
    asked_ = true;
    return host.ask(std::move(question));
  }
  const std::string sid = host.make_session_id();
  NewSession made{
      .sid = sid, .framing = base64_ ? Framing::websocket_base64 : Framing::websocket, .request = std::move(opening)};
  std::string headers;
  append_opening_headers(headers, sid);
  host.upgrade(open_session(endpoint_, host.session_services(), std::move(made)), headers);
}

void EngineExchange::ask_session(const EngineQuery& query, HttpHost& host) {
  sid_ = query.sid;
  asked_ = true;
  SessionQuestion question{.version_4 = query.version_4, .transport = *query.transport, .sid = sid_};
  if (upgrades_) {
    question.kind = Kind::probe;
  } else if (posts_) {
    question.kind = Kind::post;
    question.wants_word = request_->expects_continue && request_->has_body;
    question.raw_bytes = request_->header("content-type") == "application/octet-stream";
    question.too_large = request_->content_length.value_or(0) > endpoint_.options().max_payload;
  } else {
    question.kind = request_->method == "GET" ? Kind::poll : Kind::other;
  }
  host.ask(std::move(question));
}

std::size_t EngineExchange::on_body(std::string_view piece, HttpHost&) {
  too_large_ |= body_.size() + piece.size() > endpoint_.options().max_payload;
  if (posts_ && asked_ && !too_large_) {
    body_ += piece;
  } else {
    body_ = {};
  }
  return piece.size();
}

void EngineExchange::on_body_end(HttpHost& host) {
  if (!posts_ || !asked_) return;
  SessionQuestion question{.kind = Kind::body, .too_large = too_large_, .sid = sid_, .body = std::move(body_)};
  body_ = {};
  host.ask(std::move(question));
}

void EngineExchange::on_gone(HttpHost& host) {
  if (!asked_ || sid_.empty()) return;
  asked_ = false;
  host.ask({.kind = Kind::gone, .sid = sid_});
}

// ---- answers

void EngineExchange::on_session_answer(SessionAnswer&& answer, Host& any_host) {
  HttpHost& host = http(any_host);
  using Answer = SessionAnswer::Kind;
  if (answer.kind == Answer::go_on && posts_) {
    std::string interim;
    http::append_continue(interim);
    return host.send(interim);
  }
  asked_ = false;
  switch (answer.kind) {
    case Answer::payload: return answer_payload(answer.bytes, sid_.empty() ? answer.sid : std::string_view(), host);
    case Answer::accepted: return host.respond({.content_type = "text/html", .body = "ok", .extra_headers = cors_});
    case Answer::too_large: return host.respond({.status = 413, .content_type = "", .extra_headers = cors_});
    case Answer::busy: return host.respond({.status = 503, .content_type = "", .extra_headers = cors_});
    case Answer::refused: return refuse(answer.error, host);
    case Answer::cut: return host.close(Reason::protocol_error);
    case Answer::go_on:
    case Answer::occupied: {
      const auto way = answer.kind == Answer::go_on ? CandidateSession::Way::free : CandidateSession::Way::occupied;
      const Framing framing = base64_ ? Framing::websocket_base64 : Framing::websocket;
      return host.upgrade(std::make_unique<CandidateSession>(endpoint_, sid_, framing, way), {});
    }
    case Answer::moved:
    case Answer::kept:
    case Answer::deduped:
    case Answer::give_up: return;
  }
}

void EngineExchange::refuse(EngineError error, HttpHost& host) const {
  const EngineErrorFacts& facts = socketio::facts(error);
  if (upgrades_) {
    return host.respond(
        {.status = 400, .content_type = "text/html", .body = facts.message, .extra_headers = cors_, .last = true});
  }
  std::string body;
  append_error(body, error);
  host.respond({.status = facts.status, .body = body, .extra_headers = cors_});
}

void EngineExchange::answer_payload(std::string_view payload, std::string_view new_sid, HttpHost& host) const {
  std::string headers = cors_;
  headers += "Cache-Control: no-store\r\n";
  if (!new_sid.empty()) append_opening_headers(headers, new_sid);
  std::string compressed;
  if (payload.size() >= compress_above && coding_ != Coding::none) {
    const bool gzip = coding_ == Coding::gzip;
    compressed = http::compress(payload, gzip ? http::Coding::gzip : http::Coding::deflate);
    if (!compressed.empty()) {
      http::append_header(headers, "Content-Encoding", gzip ? "gzip" : "deflate");
      payload = compressed;
    }
  }
  host.respond({.content_type = "text/plain; charset=UTF-8", .body = payload, .extra_headers = headers});
}

void EngineExchange::answer_preflight(HttpHost& host) const {
  std::string headers = cors_;
  if (!cors_.empty()) {
    http::append_header(headers, "Access-Control-Allow-Methods", "GET, POST");
    const std::string_view wanted = request_->header("access-control-request-headers");
    if (!wanted.empty()) http::append_header(headers, "Access-Control-Allow-Headers", wanted);
    http::append_header(headers, "Access-Control-Max-Age", "600");
  }
  host.respond({.status = 204, .content_type = "", .extra_headers = headers});
}

// Without cors of its own an endpoint goes by access.origins, as everything else does.
bool EngineExchange::origin_may(HttpHost& host) const {
  const std::string_view origin = request_->header("origin");
  const auto& cors = endpoint_.options().cors;
  if (!cors || origin.empty()) return host.origin_allowed();
  return cors->allows(origin);
}

std::string EngineExchange::cross_origin(HttpHost& host) const {
  const std::string_view origin = request_->header("origin");
  if (const auto& cors = endpoint_.options().cors) return http::cors_headers(*cors, origin);
  std::string headers;
  if (!origin.empty() && host.origin_allowed()) http::append_header(headers, "Access-Control-Allow-Origin", origin);
  return headers;
}

void EngineExchange::append_opening_headers(std::string& out, std::string_view sid) const {
  const EngineOptions& options = endpoint_.options();
  for (const auto& [name, value] : options.headers) http::append_header(out, name, value);
  if (!options.cookie) return;
  const Cookie& cookie = *options.cookie;
  std::string value = cookie.name;
  value += '=';
  value += sid;
  value += "; Path=" + cookie.path;
  if (cookie.http_only) value += "; HttpOnly";
  value += "; SameSite=";
  value += word(cookie.same_site);
  http::append_header(out, "Set-Cookie", value);
}

}  // namespace proto::socketio
