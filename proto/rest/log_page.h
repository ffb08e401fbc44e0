// SPDX-License-Identifier: Apache-2.0
// How messages of a topic's log are written in JSON, one by one and as the page that `GET /topics/{topic}` answers with
// (proto/README.md).
// Thread: any.
#pragma once

#include <cstdint>
#include <string>

#include "proto/session.h"

namespace proto::rest {

// Seconds since 1970 with three decimals.
void append_seconds(std::string& out, std::int64_t time_us);
// `{"offset":41,"time":1700000000.123,"event":"…","data":"hi"}`, the event where it says something.
void append_logged(std::string& out, const Message& message);

// `{"epoch":"…","offset":42,"messages":[`, and behind the messages, parted by commas, `],"more":false}`.
void begin_page(std::string& out, std::uint64_t epoch, std::uint64_t offset);
void end_page(std::string& out, bool more);

// Answers a request with a page as it was read.
void respond_page(HttpHost& host, const LogPage& page);

}  // namespace proto::rest
