// SPDX-License-Identifier: Apache-2.0
// How events are written (WHATWG HTML, "Server-sent events"; README.md, "sse"): each is whole, so that whatever stands
// between two of them is never inside of one.
// Thread: any.
// Limits: at most 6 times the content's bytes, of a text of nothing but line breaks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proto/session.h"
#include "proto/sse/event_id.h"

namespace proto::sse {

// Whether an event's name has to say of which topic it is.
enum class Naming : std::uint8_t {
  event,  // GET /topics/{topic}: the event, unless it is the topic's default one, which browsers call "message"
  topic,  // GET /events: the topic, and behind a semicolon the event, unless it is the default one
};

// The name of the events that announce a loss.
inline constexpr std::string_view gap_event = "kodama.gap";
// A line that browsers pass over; the empty one behind it ends nothing.
inline constexpr std::string_view keep_alive = ":\n\n";

// What a stream begins with: how soon to come back, and an id without an event, so that who is cut off before the first
// event resumes as well. Who has come back with an id needs it again: a new stream forgets the old one's.
void append_preamble(std::string& out, std::span<const Position> positions);
void append_event(std::string& out, const Message& message, Naming naming, std::span<const Position> positions);
// No positions: no id.
void append_gap_event(std::string& out, std::string_view topic, const Gap& gap, std::span<const Position> positions);

// Of one topic's events, the same for all who read them.
[[nodiscard]] const WireFormat& shared_format(Naming naming);

}  // namespace proto::sse
