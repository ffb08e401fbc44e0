// SPDX-License-Identifier: Apache-2.0
// Takes the mask off a client's payload (RFC 6455 §5.3), in place.
// Thread: any. Limits: none; any length, any alignment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace proto::websocket {

using Mask = std::array<std::uint8_t, 4>;

// `phase`: how many bytes of the frame's payload went before these; only its lowest two bits matter.
void unmask(std::span<std::uint8_t> bytes, const Mask&, std::size_t phase);

}  // namespace proto::websocket
