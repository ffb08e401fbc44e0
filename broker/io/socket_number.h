// SPDX-License-Identifier: Apache-2.0
// A socket as a number that only its ring takes. From Linux 6.15 on an accepted socket is a slot of the table of files
// that its ring has: no other ring and no system call knows it, and it is no descriptor of the process. The others are
// descriptors.
// Thread: any.
#pragma once

namespace broker::io {

// Above whatever a descriptor can be: the kernel's limit is below (fs.nr_open).
inline constexpr int first_slot = 1 << 30;

[[nodiscard]] constexpr bool is_slot(int socket) { return socket >= first_slot; }
[[nodiscard]] constexpr int socket_in_slot(int index) { return first_slot + index; }
[[nodiscard]] constexpr int slot_index(int socket) { return socket - first_slot; }

}  // namespace broker::io
