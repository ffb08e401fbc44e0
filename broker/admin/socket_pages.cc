// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/socket_pages.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "broker/admin/socket_request.h"
#include "proto/json.h"

namespace broker::admin {

using base::SocketChange;
using Outcome = base::SocketDirectory::Outcome;
using proto::append_json_string;

namespace {

Answer no_page() { return error_answer(404, "there is /socketio/namespaces and /socketio/sockets"); }
Answer no_namespace() { return error_answer(404, "there is no such namespace"); }
Answer no_socket() { return error_answer(404, "there is no such socket in that namespace"); }
Answer no_answer() { return error_answer(503, "a shard does not answer, or too many requests wait for one"); }

void append(std::string& out, std::string_view nsp, const base::SocketEntry& socket) {
  out += "{\"sid\":";
  append_json_string(out, socket.sid);
  out += ",\"namespace\":";
  append_json_string(out, nsp);
  out += ",\"rooms\":[";
  for (std::size_t i = 0; i < socket.rooms.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, socket.rooms[i]);
  }
  out += "],\"data\":{";
  for (std::size_t i = 0; i < socket.data.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, socket.data[i].first);
    out += ':';
    out += socket.data[i].second;
  }
  absl::StrAppend(&out, "},\"since\":", socket.since_s,
                  ",\"transport\":", socket.polls ? "\"polling\"}" : "\"websocket\"}");
}

void append(std::string& out, const char* what, std::span<const base::SocketCount> counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    absl::StrAppend(&out, i > 0 ? ",{\"" : "{\"", what, "\":");
    append_json_string(out, counts[i].name);
    absl::StrAppend(&out, ",\"sockets\":", counts[i].sockets, "}");
  }
}

}  // namespace

Answer SocketPages::answer(const Request& request) const {
  static constexpr std::pair<std::string_view, SocketChange::Kind> actions[] = {
      {"join", SocketChange::Kind::join},
      {"leave", SocketChange::Kind::leave},
      {"disconnect", SocketChange::Kind::disconnect},
  };
  const std::string_view path = request.path;
  if (directory_ == nullptr) return no_page();
  if (path == namespaces_path) return reads(request) ? namespaces(request) : wrong_method("GET, HEAD");
  if (path == sockets_path) return reads(request) ? list(request) : wrong_method("GET, HEAD");
  if (!path.starts_with(sockets_path) || path[sockets_path.size()] != '/') return no_page();
  const std::string_view rest = path.substr(sockets_path.size() + 1);
  const std::size_t slash = rest.find('/');
  const std::string_view sid = rest.substr(0, slash);
  if (sid.empty()) return no_page();
  if (slash == std::string_view::npos) return reads(request) ? show(request, sid) : wrong_method("GET, HEAD");
  const auto* const action =
      std::ranges::find(actions, rest.substr(slash + 1), [](const auto& each) { return each.first; });
  if (action == std::end(actions)) return no_page();
  return request.method == "POST" ? change(request, action->second, sid) : wrong_method("POST");
}

bool SocketPages::has(std::string_view nsp) const {
  return std::ranges::find(directory_->namespaces(), nsp) != directory_->namespaces().end();
}

Answer SocketPages::namespaces(const Request& request) const {
  constexpr std::array<std::string_view, 3> allowed = {"namespace", "after", "limit"};
  const auto read = read_query(request.query, allowed);
  if (const auto* wrong = std::get_if<std::string_view>(&read)) return error_answer(400, *wrong);
  const auto& query = std::get<SocketQuery>(read);
  if (query.nsp) return rooms(*query.nsp, query.after, query.limit);
  if (!request.query.empty()) return error_answer(400, "after and limit are for the rooms of a namespace");
  const auto counts = directory_->count();
  if (!counts) return no_answer();
  std::string out = "{\"namespaces\":[";
  append(out, "namespace", *counts);
  out += "]}\n";
  return {.body = std::move(out)};
}

Answer SocketPages::rooms(std::string_view nsp, std::string_view after, std::size_t limit) const {
  if (!has(nsp)) return no_namespace();
  const auto page = directory_->rooms(nsp, after, limit);
  if (!page) return no_answer();
  std::string out = "{\"namespace\":";
  append_json_string(out, nsp);
  absl::StrAppend(&out, ",\"sockets\":", page->sockets, ",\"rooms\":[");
  append(out, "room", page->rooms);
  out += ']';
  if (page->more && !page->rooms.empty()) {
    out += ",\"next\":";
    append_json_string(out, page->rooms.back().name);
  }
  out += "}\n";
  return {.body = std::move(out)};
}

Answer SocketPages::list(const Request& request) const {
  constexpr std::array<std::string_view, 4> allowed = {"namespace", "room", "after", "limit"};
  const auto read = read_query(request.query, allowed);
  if (const auto* wrong = std::get_if<std::string_view>(&read)) return error_answer(400, *wrong);
  const auto& query = std::get<SocketQuery>(read);
  const std::string nsp = query.nsp.value_or("/");
  if (!has(nsp)) return no_namespace();
  std::optional<base::SocketPlace> place = base::SocketPlace();
  if (!query.after.empty()) place = parse_place(query.after, directory_->shards());
  if (!place) return error_answer(400, "after is not what a page gave as next");
  const auto page = directory_->list(nsp, query.room, *place, query.limit);
  if (!page) return no_answer();
  std::string out = "{\"sockets\":[";
  for (std::size_t i = 0; i < page->sockets.size(); ++i) {
    if (i > 0) out += ',';
    append(out, nsp, page->sockets[i]);
  }
  out += ']';
  if (page->next) absl::StrAppend(&out, ",\"next\":\"", format(*page->next), "\"");
  out += "}\n";
  return {.body = std::move(out)};
}

Answer SocketPages::show(const Request& request, std::string_view sid) const {
  constexpr std::array<std::string_view, 1> allowed = {"namespace"};
  const auto read = read_query(request.query, allowed);
  if (const auto* wrong = std::get_if<std::string_view>(&read)) return error_answer(400, *wrong);
  const std::string nsp = std::get<SocketQuery>(read).nsp.value_or("/");
  if (!has(nsp)) return no_namespace();
  const auto found = directory_->find(nsp, sid);
  if (!found) return no_answer();
  if (found->empty()) return no_socket();
  std::string out;
  append(out, nsp, found->front());
  out += '\n';
  return {.body = std::move(out)};
}

// Not for pages in browsers: where no key is wanted, any page that an operator visits could send it.
Answer SocketPages::change(const Request& request, SocketChange::Kind kind, std::string_view sid) const {
  if (request.by_page) return error_answer(403, "a request with an Origin comes from a page, which may not do this");
  if (request.body_too_large) return error_answer(413, "the body is larger than 4 KiB");
  if (!request.query.empty()) return error_answer(400, "what is to be done stands in the body");
  auto read = read_body(request.body, kind != SocketChange::Kind::disconnect);
  if (const auto* wrong = std::get_if<std::string_view>(&read)) return error_answer(400, *wrong);
  auto& body = std::get<SocketBody>(read);
  if (!has(body.nsp)) return no_namespace();
  switch (directory_->change(
      {.kind = kind, .nsp = body.nsp, .sid = std::string(sid), .room = std::move(body.room).value_or("")})) {
    case Outcome::done: return {.body = "{}\n"};
    case Outcome::unknown_socket: return no_socket();
    case Outcome::bad_room: return error_answer(400, "no room can have that name");
    case Outcome::too_many_rooms: return error_answer(409, "the socket is in as many rooms as it may be");
    case Outcome::no_answer: break;
  }
  return no_answer();
}

}  // namespace broker::admin
