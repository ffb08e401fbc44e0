// SPDX-License-Identifier: Apache-2.0
// A log record as one line of text. Whatever a value holds, it stays one line and one value: control bytes, line and
// direction marks and bytes that are not UTF-8 are escaped in both formats, so that no peer can write lines or fields.
//
//     2026-01-02T03:04:05.678Z info listening address=127.0.0.1:8000 thread=main
//     {"time":"2026-01-02T03:04:05.678Z","level":"info","message":"listening","address":"[::1]:8000","thread":"main"}
//
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/base/log.h"

namespace broker::base {

enum class LogFormat : std::uint8_t { text, json };

// Appends the line with its LF. Bytes that are not UTF-8 become \xNN in text and U+FFFD in JSON.
void append_line(std::string& out, LogFormat, const LogRecord&, std::string_view thread_name);

}  // namespace broker::base
