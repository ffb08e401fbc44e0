// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp2/uri.h"

#include <algorithm>

#include "proto/notation.h"

namespace proto::wamp2 {
namespace {

constexpr std::string_view not_in_uris = " \t\n\v\f\r#";

// What the three characters behind a '%' stand for; 0: nothing that is written so.
char decoded(std::string_view escape) {
  if (escape == "%20") return ' ';
  if (escape == "%23") return '#';
  if (escape == "%25") return '%';
  return '\0';
}

bool is_reserved(std::string_view uri) { return uri == "wamp" || uri.starts_with("wamp."); }

}  // namespace

bool is_loose_uri(std::string_view uri) {
  if (uri.empty() || uri.front() == '.' || uri.back() == '.') return false;
  return uri.find("..") == uri.npos && uri.find_first_of(not_in_uris) == uri.npos;
}

Answer<std::string> topic_of(const Realm& realm, std::string_view uri) {
  if (!is_loose_uri(uri)) return Error{400, "a URI has no empty components, no white space and no '#'"};
  if (is_reserved(uri)) return Error{400, "URIs that begin with wamp are reserved"};
  std::string topic;
  topic.reserve(realm.prefix.size() + uri.size());
  topic += realm.prefix;
  for (std::size_t i = 0; i < uri.size(); ++i) {
    if (uri[i] == '.') {
      topic += '/';
    } else if (uri[i] == '/') {
      topic += '.';
    } else if (uri[i] != '%') {
      topic += uri[i];
    } else if (const char character = decoded(uri.substr(i, 3)); character != '\0') {
      topic += character;
      i += 2;
    } else {
      return Error{400, "a '%' in a URI begins %20, %23 or %25 (space, '#', '%'), and nothing else is written so"};
    }
  }
  if (std::optional<Error> bad = check_topic(topic)) return *std::move(bad);
  return topic;
}

}  // namespace proto::wamp2
