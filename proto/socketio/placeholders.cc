// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/placeholders.h"

#include <algorithm>
#include <limits>
#include <string>

#include "proto/json.h"
#include "proto/notation.h"

namespace proto::socketio {
namespace {

// What was checked, and an array of arguments around it. It bounds the recursion.
constexpr int depth_max = json_depth_max + 1;
constexpr std::size_t no_number = std::numeric_limits<std::size_t>::max();

class Finder {
 public:
  Finder(std::string_view json, std::vector<Placeholder>& found)
      : json_(json), copy_(json), reader_(copy_), found_(found) {}

  // False: not JSON, or too deep.
  bool run() {
    read_value(0);
    return reader_.finish();
  }

 private:
  // What an object says about being a placeholder; of what is said twice the last counts, as in JSON.parse.
  struct Claim {
    bool placeholder = false;
    std::size_t number = no_number;
  };

  void read_value(int depth) {
    const JsonType type = reader_.type();
    const bool deepest = depth == depth_max;
    if (type == JsonType::object && !deepest) {
      read_object(depth);
    } else if (type == JsonType::array && !deepest) {
      reader_.enter_array();
      while (reader_.next_element()) read_value(depth + 1);
    } else {
      reader_.read_value(0);  // a scalar, or a failure
    }
  }

  void read_object(int depth) {
    const std::size_t inner = found_.size();
    Claim claim;
    const std::size_t begin = position();
    reader_.enter_object();
    while (const auto key = reader_.next_member()) read_member(*key, depth, claim);
    if (!claim.placeholder || reader_.failed()) return;
    found_.resize(inner);
    found_.push_back({.json = json_.substr(begin, position() - begin), .number = claim.number});
  }

  void read_member(std::string_view key, int depth, Claim& claim) {
    const bool mark = key == "_placeholder";
    if (!mark && key != "num") return read_value(depth + 1);
    if (mark) claim.placeholder = false;
    if (!mark) claim.number = no_number;
    const JsonType type = reader_.type();
    if (type != JsonType::literal && type != JsonType::number) return read_value(depth + 1);
    const std::span<char> raw = reader_.read_value();
    const std::string_view value(raw.data(), raw.size());
    if (mark) claim.placeholder = value == "true";
    if (!mark) claim.number = parse_number(value).value_or(no_number);
  }

  std::size_t position() const { return reader_.position(); }

  std::string_view json_;
  std::string copy_;
  JsonReader reader_;
  std::vector<Placeholder>& found_;
};

}  // namespace

bool find_placeholders(std::string_view json, std::size_t attachments, std::vector<Placeholder>& found) {
  const std::size_t before = found.size();
  if (!Finder(json, found).run()) return false;
  return std::all_of(found.begin() + static_cast<std::ptrdiff_t>(before), found.end(),
                     [attachments](const Placeholder& placeholder) { return placeholder.number < attachments; });
}

}  // namespace proto::socketio
