// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/socket_request.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "config/limits.h"
#include "proto/http/url.h"
#include "proto/json.h"
#include "proto/utf8.h"

namespace broker::admin {

namespace limits = config::limits;

namespace {

// Digits alone, and no more than fit.
std::optional<std::uint32_t> read_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::variant<SocketQuery, std::string_view> read_query(std::string_view query,
                                                       std::span<const std::string_view> allowed) {
  SocketQuery read{.nsp = std::nullopt, .room = {}, .after = {}, .limit = limits::sockets_per_page};
  const auto items = proto::http::parse_query(query);
  if (!items) return "the query has a % without two hexadecimal digits";
  for (auto item = items->begin(); item != items->end(); ++item) {
    const auto& [name, value] = *item;
    if (std::ranges::find(allowed, name) == allowed.end()) return "the query has a parameter that is not known here";
    if (std::any_of(items->begin(), item, [&](const auto& each) { return each.first == name; })) {
      return "the query has a parameter twice";
    }
    if (value.empty()) return "the query has a parameter without a value";
    if (!proto::is_valid_utf8(value)) return "the query is not UTF-8";
    if (name == "namespace") {
      read.nsp = value;
    } else if (name == "room") {
      read.room = value;
    } else if (name == "after") {
      read.after = value;
    } else {
      const std::optional<std::uint32_t> limit = read_number(value);
      if (!limit || *limit == 0 || *limit > limits::sockets_per_page_max) return "limit is a number from 1 to 1000";
      read.limit = *limit;
    }
  }
  static_assert(limits::sockets_per_page_max == 1000, "it is said above");
  return read;
}

std::variant<SocketBody, std::string_view> read_body(std::string_view body, bool takes_room) {
  constexpr std::string_view not_json = "the body is not a JSON object";
  SocketBody read;
  if (!body.empty()) {
    if (!proto::is_valid_utf8(body)) return "the body is not UTF-8";
    std::string copy(body);  // strings are unescaped in place
    proto::JsonReader reader(copy);
    if (reader.type() != proto::JsonType::object) return not_json;
    reader.enter_object();
    bool named_nsp = false;
    while (const auto key = reader.next_member()) {
      const bool is_nsp = *key == "namespace";
      if (!is_nsp && !(takes_room && *key == "room")) return "the body has a member that is not known here";
      if (is_nsp ? named_nsp : read.room.has_value()) return "the body has a member twice";
      if (reader.type() != proto::JsonType::string) return "namespace and room are strings";
      const auto value = reader.read_string();
      if (!value) return not_json;
      if (is_nsp) {
        read.nsp = *value;
        named_nsp = true;
      } else {
        read.room = *value;
      }
    }
    if (reader.failed() || !reader.finish()) return not_json;
  }
  if (takes_room && !read.room) return "the body names no room";
  return read;
}

std::string format(const base::SocketPlace& place) { return absl::StrCat(place.shard, ".", place.slot); }

std::optional<base::SocketPlace> parse_place(std::string_view text, std::uint32_t shards) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint32_t> shard = read_number(text.substr(0, dot));
  const std::optional<std::uint32_t> slot = read_number(text.substr(dot + 1));
  if (!shard || !slot || *shard >= shards) return std::nullopt;
  return base::SocketPlace{.shard = *shard, .slot = *slot};
}

}  // namespace broker::admin
