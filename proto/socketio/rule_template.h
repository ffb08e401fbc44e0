// SPDX-License-Identifier: Apache-2.0
// Templates and conditions, read: `$0`, `$args`, `$auth.x`, constants, lists and maps of them (README.md, "Templates").
// Thread: one at a time. Errors: mistakes in the reader; what could not be read is the constant null.
// Limits: template_depth_max.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "proto/socketio/rule_reader.h"
#include "proto/socketio/rules.h"

namespace proto::socketio {

inline constexpr int template_depth_max = 16;  // lists and maps in each other; bounds the recursion

// Where a rule stands, and so what is known when it is carried out. The bits say which templates may be used.
struct Scope {
  enum Known : std::uint32_t {
    request = 1,  // $query, $headers
    auth = 2,
    sid = 4,
    data = 8,
    arguments = 16,
    event = 32,
    cursor = 64,
    time = 128,
    message = 256,
    recovered = 512,
  };
  std::string_view name;
  std::uint32_t known = 0;
  std::span<const ActionKind> actions = {};
  const NamespaceRules* nsp = nullptr;  // whose rule it is; null in plain Engine.IO

  [[nodiscard]] bool knows(Known what) const { return (known & what) != 0; }
};

[[nodiscard]] Template read_template(RuleReader& reader, const Place& place, const Scope& scope);
// A list of arguments; `$args` may stand among them.
[[nodiscard]] std::vector<Template> read_templates(RuleReader& reader, const Place& place, const Scope& scope);
// `when` and `unless` of a rule; null is what is not given.
[[nodiscard]] Guard read_guard(RuleReader& reader, const Place* when, const Place* unless, const Scope& scope);

}  // namespace proto::socketio
