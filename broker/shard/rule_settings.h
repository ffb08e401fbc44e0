// SPDX-License-Identifier: Apache-2.0
// The rules of Socket.IO and Engine.IO, out of the settings: carries what the file says from config/, which knows no
// protocols, to proto/socketio, which knows no files.
// Thread: any. Errors: mistakes, told as check-config tells them.
#pragma once

#include "config/load.h"
#include "config/mistake.h"
#include "proto/socketio/rules.h"

namespace broker::shard {

struct RuleSettings {
  proto::socketio::Rules rules;
  config::Mistakes warnings;
  bool sound = true;  // otherwise only the paths are of use, for further checks
};

// Adds what is wrong with them to the mistakes; with any, the rules are not sound.
[[nodiscard]] RuleSettings read_rules(config::Loaded& loaded);

}  // namespace broker::shard
