// SPDX-License-Identifier: Apache-2.0
#include "config/preset.h"

#include <array>
#include <cstddef>

namespace config {
namespace {

// In the enumerators' order.
constexpr std::array presets = {
    PresetFacts{},
    PresetFacts{.section = "socketio",
                .yaml = "namespaces:\n"
                        "  /:\n"
                        "    events:\n"
                        "      - {event: chat message, do: [{broadcast: {sender: true}}]}\n",
                .open = "an open relay, for trying things out: whoever connects sends \"chat message\" to everybody, "
                        "unchecked and as often as it likes"},
};

}  // namespace

const PresetFacts& facts(Preset preset) { return presets[static_cast<std::size_t>(preset)]; }

}  // namespace config
