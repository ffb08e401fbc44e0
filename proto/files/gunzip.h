// SPDX-License-Identifier: Apache-2.0
// Inflates what was compressed when the program was built, for the few who do not take gzip.
// Thread: any. Errors: an empty string for what is not one whole gzip member (RFC 1952).
// Limits: the size that the member states; about 3 ms for a MiB. Not for what comes from a peer.
#pragma once

#include <string>
#include <string_view>

namespace proto::files {

[[nodiscard]] std::string gunzip(std::string_view member);

}  // namespace proto::files
