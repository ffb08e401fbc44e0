// SPDX-License-Identifier: Apache-2.0
// A message as an EVENT: how it is written once for all subscribers of its topic, and the ids that it has for all of
// them.
// Thread: any; constant.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/session.h"

namespace proto::wamp2 {

// [36, subscription, publication, {"_kodama_epoch","_kodama_offset","publisher"?}, args?, kwargs?] in a text frame.
extern const WireFormat event_format;

// The same with "retained":true, for one who asked for it.
void append_retained_event(const Message& message, std::string& out);

// The id of every subscription to the topic, whoever has it, as long as the broker runs: 1 to 2^53. Two topics may have
// the same, very rarely.
[[nodiscard]] std::uint64_t subscription_id(std::string_view topic);
// What PUBLISHED and the EVENTs of a message have in common: 1 to 2^53.
[[nodiscard]] std::uint64_t publication_id(std::uint64_t epoch, std::uint64_t offset);

}  // namespace proto::wamp2
