// SPDX-License-Identifier: Apache-2.0
// The dictionaries of what comes in: HELLO's details, the options of PUBLISH and SUBSCRIBE. Keys that are unknown are
// passed over, as the specification wants.
// Thread: any. Borrows the frame's text.
// Errors: values. The first fault is kept and the dictionary read to its end; bad JSON stays in the reader.
// Limits: session_list_max sessions a list.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/json.h"
#include "proto/wamp2/words.h"

namespace proto::wamp2 {

inline constexpr std::size_t session_list_max = 64;

// What is wrong with a message: against the protocol, which ends the session, or with the request alone.
struct Fault {
  std::string message;
  std::string_view uri = uris::protocol_violation;
  [[nodiscard]] bool ends_session() const { return uri == uris::protocol_violation; }
};

struct HelloDetails {
  bool takes_anonymous = true;     // authmethods is absent, empty or has it
  bool hears_revocations = false;  // as a subscriber it knows subscription_revocation
};

struct PublishOptions {
  bool acknowledge = false;
  bool exclude_me = true;
  bool disclose_me = false;
  bool for_anonymous = true;  // by the lists of authids and authroles, of which all sessions have "anonymous"
  std::vector<std::uint64_t> exclude;
  std::optional<std::vector<std::uint64_t>> eligible;
};

struct SubscribeOptions {
  bool exact = true;
  bool get_retained = false;
  std::optional<std::uint64_t> epoch;  // _kodama_epoch and _kodama_offset: what was received last
  std::optional<std::uint64_t> offset;
};

void read_details(JsonReader& reader, HelloDetails& details, std::optional<Fault>& fault);
void read_options(JsonReader& reader, PublishOptions& options, std::optional<Fault>& fault);
void read_options(JsonReader& reader, SubscribeOptions& options, std::optional<Fault>& fault);

// An id: a whole number from 1 to 2^53, written with digits alone. The value is passed in any case.
[[nodiscard]] std::optional<std::uint64_t> read_id(JsonReader& reader);
// Keeps the first.
void note(std::optional<Fault>& fault, std::string message, std::string_view uri = uris::protocol_violation);

// How deep a value inside of a dictionary or of the arguments may be: the message and what holds the value are levels.
inline constexpr int inner_depth_max = json_depth_max - 2;

}  // namespace proto::wamp2
