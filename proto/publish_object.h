// SPDX-License-Identifier: Apache-2.0
// One publish as a JSON object, {"topic", "data" or "data_base64", "event"?}: the native dialect's command and a line
// of POST /publish.
// Thread: one at a time. Borrows the reader's text, in which strings are unescaped in place.
// Errors: values. A mistake in the grammar ends the reading and stays in the reader; after any other the reader stands
//   behind the object.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/json.h"
#include "proto/message.h"
#include "proto/session.h"
#include "proto/topic_name.h"

namespace proto {

struct PublishObject {
  Publication publication;  // views into the reader's text, or into `bytes`
  std::string bytes;        // what data_base64 held

  PublishObject() = default;
  PublishObject(const PublishObject&) = delete;  // a copy's views would point into the original
  PublishObject& operator=(const PublishObject&) = delete;
};

// Reads the value that comes next. None: `object` is good to publish.
[[nodiscard]] std::optional<Error> read_publish(JsonReader& reader, PublishObject& object,
                                                Reserve reserve = Reserve::closed);

// Reads a member's value that must be a string; `error` is set when it is something else and no error came before.
[[nodiscard]] std::optional<std::string_view> read_string_member(JsonReader& reader, std::string_view key,
                                                                 std::optional<Error>& error);

}  // namespace proto
