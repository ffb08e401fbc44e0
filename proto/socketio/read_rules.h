// SPDX-License-Identifier: Apache-2.0
// The settings' sections `engineio` and `socketio` become Rules (README.md, "Rules").
// Thread: any. Errors: every mistake at once, with its position; with any of them the rules are not to be used.
#pragma once

#include <vector>

#include "proto/socketio/rule_node.h"
#include "proto/socketio/rule_reader.h"
#include "proto/socketio/rules.h"

namespace proto::socketio {

struct ReadRules {
  Rules rules;
  std::vector<RuleMistake> mistakes;
  std::vector<RuleMistake> warnings;  // what works, and most likely not as it was meant
};

// A section that is not given is null, and means its defaults: one namespace, in which clients may listen.
[[nodiscard]] ReadRules read_rules(const RuleNode* engineio, const RuleNode* socketio,
                                   const SettingsNotation& notation);

}  // namespace proto::socketio
