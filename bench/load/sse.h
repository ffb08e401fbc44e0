// SPDX-License-Identifier: Apache-2.0
// Server-Sent Events (WHATWG HTML, "Server-sent events"): a GET on /topics/{topic} that is answered without end; a
// delivery is an event whose one line of data is the payload. A publisher speaks the native dialect.
#pragma once

#include <memory>

#include "bench/load/protocol.h"

namespace bench::load {

// Subscribers take one topic: it is in the path.
[[nodiscard]] std::unique_ptr<Protocol> make_sse(const ProtocolOptions& options);

}  // namespace bench::load
