// SPDX-License-Identifier: Apache-2.0
// The rules of one namespace, read. Thread: one at a time. Errors: mistakes in the reader.
#pragma once

#include "proto/socketio/rule_reader.h"
#include "proto/socketio/rules.h"

namespace proto::socketio {

// Fills in all but the name, which stands already. What another namespace must know is not looked at: whether two have
// one topic.
void read_namespace(RuleReader& reader, const Place& place, NamespaceRules& nsp);

}  // namespace proto::socketio
