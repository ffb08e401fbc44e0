// SPDX-License-Identifier: Apache-2.0
#include "config/routes.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "config/limits.h"
#include "config/words.h"

namespace config {
namespace {

constexpr std::string_view example = "{topic: NAME} or {dialects: [NAME]}";
constexpr std::array<std::string_view, 2> fields = {"topic", "dialects"};

// RFC 3986 §3.3: what stands in a path as it is. Browsers encode some of what does not, and cut off others.
bool may_stand(char c) {
  constexpr std::string_view others = "-._~!$&'()*+,;=:@/";
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || others.find(c) != std::string_view::npos;
}

// Browsers resolve them before they ask.
bool has_dot_segment(std::string_view path) {
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment == "." || segment == "..") return true;
    begin = end + 1;
  }
  return false;
}

// Empty: it is fine.
std::string path_problem(std::string_view path) {
  if (!path.starts_with('/')) return absl::StrCat("a path begins with a slash", did_you_mean("/" + std::string(path)));
  if (path.size() > limits::route_path_bytes_max) {
    return absl::StrFormat("a path has at most %u bytes, this one has %u", limits::route_path_bytes_max, path.size());
  }
  const auto wrong = std::find_if_not(path.begin(), path.end(), may_stand);
  if (wrong != path.end()) {
    const bool ascii = static_cast<unsigned char>(*wrong) < 0x80;
    return absl::StrFormat("a path is written as requests have it, without %s: letters, digits and -._~!$&'()*+,;=:@/",
                           ascii ? quote(std::string_view(&*wrong, 1)) : "what is beyond ASCII");
  }
  if (has_dot_segment(path)) return "a path has no segment . or .., which clients resolve before they ask";
  return "";
}

class RoutesReader {
 public:
  explicit RoutesReader(Loaded& loaded) : reader_(loaded) {}

  std::vector<RouteSetting> all(const YamlNode& section) {
    std::vector<RouteSetting> routes;
    const TreeReader::Place place{&section, "routes"};
    const std::vector<TreeReader::Entry> entries = reader_.entries(place, "{/path: {topic: NAME}}");
    if (entries.size() > limits::routes_max) {
      reader_.mistake(entries[limits::routes_max].key,
                      absl::StrFormat("there are %u routes, and may be %u", entries.size(), limits::routes_max));
      return routes;
    }
    for (const TreeReader::Entry& entry : entries) {
      RouteSetting route = one(entry);
      if (std::string problem = path_problem(entry.name); !problem.empty()) {
        reader_.mistake(entry.key, std::move(problem));
      } else {
        routes.push_back(std::move(route));
      }
    }
    return routes;
  }

 private:
  RouteSetting one(const TreeReader::Entry& entry) {
    RouteSetting route{.path = reader_.word(entry.key), .topic = {}, .dialects = {}};
    const std::size_t before = mistakes();
    const std::vector<TreeReader::Entry> given = reader_.fields(entry.value, example, fields);
    for (const TreeReader::Entry& field : given) {
      if (field.name == "topic") {
        route.topic = reader_.text(field.value, "a topic's name");
      } else {
        dialects(field.value, route);
      }
    }
    if (given.size() == fields.size()) {
      reader_.mistake(given.back().key, "topic and dialects do not go together; leave one of them out");
    } else if (given.empty() && mistakes() == before) {
      reader_.mistake(entry.key, "leads nowhere; write " + std::string(example));
    }
    return route;
  }

  void dialects(const TreeReader::Place& list, RouteSetting& route) {
    const std::size_t before = mistakes();
    for (const TreeReader::Place& item : reader_.items(list)) {
      std::optional<Word> name = reader_.text(item, "a subprotocol's name");
      if (!name) continue;
      const auto same = [&](const Word& each) { return each.text == name->text; };
      if (std::none_of(route.dialects.begin(), route.dialects.end(), same)) {
        route.dialects.push_back(*std::move(name));
      } else {
        reader_.mistake(item, absl::StrFormat("%s is given twice", quote(name->text)));
      }
    }
    if (route.dialects.empty() && mistakes() == before) {
      reader_.mistake(list, "is empty: name the subprotocols that are spoken there");
    }
  }

  [[nodiscard]] std::size_t mistakes() const { return reader_.mistake_count(); }

  TreeReader reader_;
};

}  // namespace

std::vector<RouteSetting> read_routes(Loaded& loaded) {
  const YamlNode* section = TreeReader(loaded).section("routes");
  return section == nullptr ? std::vector<RouteSetting>() : RoutesReader(loaded).all(*section);
}

}  // namespace config
