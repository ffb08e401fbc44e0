// SPDX-License-Identifier: Apache-2.0
// Which protocols there are, and how a load is laid out over their connections.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bench::load {

// 0 for a protocol that there is not; 1 where a publisher's topic is in the address that it connects to.
[[nodiscard]] std::size_t publisher_topics_max(std::string_view name);

// "raw, native, …": for help and for usage errors.
[[nodiscard]] std::string protocol_names();

}  // namespace bench::load
