// SPDX-License-Identifier: Apache-2.0
// The heap as a whole. Thread: any, but see below.
#pragma once

namespace broker::base {

// Returns to the kernel the pages of the heap that hold nothing. free() itself only keeps them for the next malloc(),
// in one arena a thread, so that a storm of connections would be paid for until the program's end.
// Costs some milliseconds for each 10 MiB that are given back (18 ms for 42 MiB on a busy machine), and meanwhile a
// thread whose arena is being seen to waits in its next malloc(). So it is for calm moments, and for a thread that
// nobody waits for.
void give_memory_back();

}  // namespace broker::base
