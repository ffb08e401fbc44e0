// SPDX-License-Identifier: Apache-2.0
// Everything that a packet may be refused for, by one list of names: what label() says of each kind of refusal.
// Thread: any.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace proto::socketio {

// The first stands for whatever is not in it.
[[nodiscard]] std::span<const std::string_view> refusal_labels();
[[nodiscard]] std::size_t index_of_refusal(std::string_view label);

}  // namespace proto::socketio
