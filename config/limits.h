// SPDX-License-Identifier: Apache-2.0
// What is decided when the program is compiled: sizes of buffers and queues, shares of a turn, bounds on what a peer
// may make us hold. What an operator may want to change is a key in config/table.cc instead.
// Each has its unit in its name or its type, the arithmetic behind it, and its relations to its neighbours asserted.
// Thread: any; constants only.
#pragma once

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace config::limits {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

// --- A shard's ring -------------------------------------------------------------------------------

// One entry (64 bytes) is written for each send of a flush: 512 × 64 B = 32 KiB a shard.
inline constexpr std::uint32_t ring_submissions = 512;
// A turn may reap a completion for each of its sends and several for each multishot receive: eight for one submission.
// 4096 × 16 B = 64 KiB a shard.
inline constexpr std::uint32_t ring_completions = 4096;
static_assert(std::has_single_bit(ring_submissions) && std::has_single_bit(ring_completions), "the kernel rounds up");
static_assert(ring_completions >= 8 * ring_submissions);

// 1024 × 2 KiB = 2 MiB a shard, however many connections are idle. A browser's request head and most messages fit in
// one.
inline constexpr std::uint32_t receive_buffers = 1024;
inline constexpr std::size_t receive_buffer_bytes = 2 * KiB;
static_assert(std::has_single_bit(receive_buffers) && receive_buffers <= 32768, "what a provided-buffer ring may hold");

// Sockets that a shard holds in the table of its ring: 8 B of kernel memory each, 2 MiB a shard where the limit of open
// files is as high.
inline constexpr std::uint32_t ring_slots_max = 262'144;

// A listener's queue of finished TCP handshakes; the kernel lowers it to net.core.somaxconn (4096 since Linux 5.4).
inline constexpr int accept_backlog = 4096;

// Descriptors that a shard holds beside its connections: ring, eventfd and listeners; with as much again to spare.
inline constexpr std::uint64_t descriptors_per_shard = 8;
// Descriptors of the process: the admin port's connections among them, so that it answers when no client gets one more.
inline constexpr std::uint64_t descriptors_of_process = 64;
// Connections beyond a limit that a shard holds at a time, to answer with 503 or 429; more are closed at once.
inline constexpr std::uint32_t refusals_at_once = 16;

// Counts of connections by address: two rows of this many, 4 B each: 128 KiB. An address shares its two counts with
// those whose hashes collide; the lower one is taken, so that both rows must collide to tell too much.
inline constexpr std::size_t address_slots = 16'384;
static_assert(std::has_single_bit(address_slots), "an index is some bits of a hash");

// A topic keeps one bit a shard, and mailboxes grow with the square: 256² pairs × 2 kinds.
inline constexpr std::uint32_t shards_max = 256;

// --- Shares of a turn -----------------------------------------------------------------------------

// One flush submits no more than the ring holds; the rest of the dirty connections go with the next.
inline constexpr std::uint32_t sends_per_flush = 512;
static_assert(sends_per_flush <= ring_submissions);

// 512 sends × 16 pieces × 16 B = 128 KiB of iovecs a shard. IOV_MAX is 1024.
inline constexpr std::size_t iovecs_per_send = 16;
static_assert(iovecs_per_send <= 1024);

// Of one connection's input; what more has come waits for the next turn, behind the others that wait. 64 KiB are 10,000
// of the smallest frames or 3,000 of the smallest TLS records: one or two milliseconds.
inline constexpr std::uint8_t receives_per_turn = 32;
inline constexpr std::size_t input_bytes_per_turn = receives_per_turn * receive_buffer_bytes;
// Of the connections whose input waits, so that many of them take no more than a few together: 16 × 64 KiB = 1 MiB.
inline constexpr std::uint32_t inputs_per_turn = 16;

// Mails taken from one other shard a turn, so that its burst does not keep the rest waiting: a quarter of a mailbox.
inline constexpr std::size_t mails_per_turn = 256;

// A handshake signs once, about a third of a millisecond with RSA-2048: four keep a turn below 2 ms in a storm.
inline constexpr std::uint32_t handshakes_per_turn = 4;
// What a peer may send ahead while its handshake waits for its turn; then its receive stops. A ClientHello has 0.5 to
// 2 KiB, and a client's last flight with a request behind it fits too.
inline constexpr std::size_t handshake_bytes_max = 32 * KiB;
static_assert(handshake_bytes_max >= 2 * 16 * KiB, "two of TLS's largest records");

// A key of AES-GCM is good for 2^24.5 full records (RFC 8446 §5.5); then ours is updated.
inline constexpr std::uint64_t tls_records_per_key = 1 << 24;
// A peer's KeyUpdate costs three derivations for 27 bytes; who sends data in between may go on for ever.
inline constexpr std::uint8_t tls_key_updates_in_a_row = 32;

// --- HTTP -----------------------------------------------------------------------------------------

// Eight receive buffers; cookies make heads of 8 KiB common.
inline constexpr std::size_t head_bytes_max = 16 * KiB;
inline constexpr std::size_t target_bytes_max = 8 * KiB;
inline constexpr std::size_t headers_max = 100;
inline constexpr std::size_t trailer_bytes_max = 4 * KiB;
// A chunk's size has at most 16 hex digits; what is left is for extensions, which nobody sends.
inline constexpr std::size_t chunk_line_bytes_max = 256;
static_assert(target_bytes_max < head_bytes_max && trailer_bytes_max <= head_bytes_max);
static_assert(chunk_line_bytes_max > 16 && chunk_line_bytes_max <= receive_buffer_bytes);

// --- Sessions of Engine.IO and Socket.IO ----------------------------------------------------------

inline constexpr std::size_t secret_bytes = 15;  // of a session's id, in base64url 20 characters
// While a WebSocket probes, the poll that waits is let go this often: the client may just have begun another one.
inline constexpr std::chrono::milliseconds noop_interval{100};
// A client that has closed its session may have a poll on its way; who was closed hears of it by its next one.
inline constexpr std::chrono::milliseconds late_poll_patience{1'000};
inline constexpr std::chrono::milliseconds farewell_patience{5'000};
// How long requests for a session that a WebSocket has now are told so, and not that it is unknown.
inline constexpr std::chrono::milliseconds moved_session_age{10'000};
inline constexpr std::int64_t polling_sessions_max = 1'000'000;  // of a shard; a million of them are 1 GiB
inline constexpr std::size_t namespaces_max = 16;                // of one session
inline constexpr std::size_t rooms_max = 64;                     // of one socket
inline constexpr std::size_t socket_data_bytes_max = 4'096;      // of one socket: what rules `set`
inline constexpr std::size_t dedupe_keys_max = 100'000;          // a shard
inline constexpr std::size_t unmatched_events_told = 1'000;      // in a shard's log, one line for each name

// --- Topics and messages --------------------------------------------------------------------------

// One byte can hold the length. Percent-encoded it triples, and must still fit in a request's target.
inline constexpr std::size_t topic_bytes_max = 255;
static_assert(3 * topic_bytes_max + KiB <= target_bytes_max);

// The range of the key limits.message_bytes.
inline constexpr std::uint64_t message_bytes_least = 1 * KiB;
inline constexpr std::uint64_t message_bytes_most = 64 * MiB;

// simdjson takes 1.3 to 3.4 ms for a MiB: one document never takes a shard for longer.
inline constexpr std::size_t json_bytes_max = 1 * MiB;
inline constexpr std::size_t json_depth_max = 64;
static_assert(json_bytes_max <= message_bytes_most);

// Of one WebSocket message, empty ones too. The largest message in frames of 1 KiB is 65,536 of them.
inline constexpr std::uint32_t fragments_max = 100'000;
static_assert(message_bytes_most / (1 * KiB) <= fragments_max);

// A topic that nobody holds keeps its epoch and offset this long, so that a sole subscriber who blinks resumes.
inline constexpr std::chrono::hours idle_topic_age{1};
// Of a shard. Each is a name of at most 255 bytes and about as much of bookkeeping: 65,536 × ½ KiB = 32 MiB at worst.
inline constexpr std::size_t idle_topics_max = 65'536;

// --- What a connection's answers and deliveries may take ------------------------------------------

// The room that is reserved before a command is run, for its answer.
inline constexpr std::size_t answer_bytes_max = 512;
// Beside limits.queue_bytes, so that a full queue never keeps a connection from its answers: 128 of them.
inline constexpr std::size_t reply_room_bytes = 64 * KiB;
static_assert(answer_bytes_max > 2 * topic_bytes_max, "an answer may name its topic");
static_assert(reply_room_bytes / answer_bytes_max >= 128);

// A connection's publishes that are not acknowledged yet; the one that crosses it is still taken. With the largest
// message allowed, what a publisher can keep in mailboxes is this and that.
inline constexpr std::size_t publishing_bytes_max = 1 * MiB;

// Deliveries that subscribers at the same point share in one buffer; larger runs save nothing more per send.
inline constexpr std::size_t run_bytes_max = 64 * KiB;

// A replay's page: one mailbox entry, and the pause in which live deliveries pass.
inline constexpr std::uint32_t page_messages_max = 256;
inline constexpr std::size_t page_bytes_max = 1 * MiB;

// Larger messages go uncompressed: a MiB takes a shard 7 ms.
inline constexpr std::size_t deflate_bytes_max = 1 * MiB;
// Of a POST to a session that polls, which may be 1 MB of the smallest packets; the rest comes with the next turns.
inline constexpr std::size_t payload_bytes_per_turn = input_bytes_per_turn;
// A connection's messages are inflated until they were so much; the rest comes with the next turn. 256 KiB take 1 ms.
inline constexpr std::size_t inflated_bytes_per_turn = 256 * KiB;

// The key limits.queue_bytes must exceed limits.message_bytes by this: a message, its frame and its gaps always fit.
inline constexpr std::uint64_t queue_headroom_bytes = 64 * KiB;
static_assert(queue_headroom_bytes >= reply_room_bytes);

// One send takes at most this much of a queue: a socket's buffer rarely holds more, and the rest can still be dropped.
inline constexpr std::size_t send_bytes = 256 * KiB;
// With TLS this much is sealed at a time: four full records, that no policy can take back.
inline constexpr std::size_t seal_bytes = 64 * KiB;
static_assert(seal_bytes <= send_bytes && run_bytes_max <= send_bytes);

// How long an orderly close waits for the peer's end, and for a send that does not move.
inline constexpr std::chrono::seconds close_patience{5};
// How long a peer may take nothing of the answers that it asked for, when that has stopped us from reading.
inline constexpr std::chrono::seconds answers_patience{30};

// --- Between shards -------------------------------------------------------------------------------

// Of each pair of shards and each kind. At 16 shards: 16² × 2 × 1024 entries.
inline constexpr std::size_t mailbox_entries = 1024;
static_assert(std::has_single_bit(mailbox_entries), "positions wrap by a mask");

// A quiet publish of at most so many bytes is not acknowledged: the mailbox being full paces its publisher as well, and
// as many of them as fit into it are no more than what may be unacknowledged.
inline constexpr std::size_t unanswered_bytes_max = publishing_bytes_max / mailbox_entries;

// Home keeps this much for one destination whose delivery mailbox is full, then stops draining its publish mailboxes.
inline constexpr std::size_t spill_bytes_max = 16 * MiB;
static_assert(spill_bytes_max >= page_bytes_max);

// --- Memory over all ------------------------------------------------------------------------------

// Of a shard's share of limits.memory: from here on nobody new is let in; then the slowest readers are closed. At the
// whole of it publishers are refused.
inline constexpr std::int64_t memory_percent_newcomers = 85;
inline constexpr std::int64_t memory_percent_readers = 95;
static_assert(memory_percent_newcomers < memory_percent_readers && memory_percent_readers < 100);
// limits.memory, unless it is 0: the least with which something can be served.
inline constexpr std::uint64_t memory_bytes_least = 16 * MiB;
// Who has less than this waiting is not slow, however little memory there is.
inline constexpr std::size_t slow_reader_bytes = 64 * KiB;
// Who holds more than this of an unfinished message or body is a publisher, to whom the same happens.
inline constexpr std::size_t large_input_bytes = 64 * KiB;
// What the accounts take for what is not counted byte by byte: more than measured (a resting WebSocket takes half a KiB
// with its subscription, TLS as much again), as they are not always at rest.
inline constexpr std::int64_t connection_bytes = 1024;
inline constexpr std::int64_t tls_bytes = 4096;
inline constexpr std::int64_t subscription_bytes = 400;
inline constexpr std::int64_t topic_bytes = 400;

// So many clients of a shard fewer than there were make it worth to go through the heap for what they left in it: some
// KiB each, most of it after TLS handshakes. What fewer leave is kept for those who come next.
inline constexpr std::size_t ebb_clients = 512;
// And so long none, or few, more have gone.
inline constexpr std::chrono::seconds ebb_calm{1};

// --- Files of static.dir --------------------------------------------------------------------------

// An answer copies its file into the connection's queue: 4 MiB take a shard about a millisecond.
inline constexpr std::size_t static_file_bytes_max = 4 * MiB;
// Read at the start, and held by the process once: not counted in limits.memory.
inline constexpr std::size_t static_bytes_max = 64 * MiB;
inline constexpr std::size_t static_files_max = 4096;
static_assert(static_file_bytes_max <= static_bytes_max && static_file_bytes_max < message_bytes_most);

// --- What operators ask about sockets --------------------------------------------------------------

// Clients that a shard looks at for one question, one question a turn: at an estimated 100 ns each less than half a
// millisecond.
inline constexpr std::size_t socket_slots_per_turn = 4'096;
// One page is made of so many turns at most: 131,072 clients. It may be shorter than was wished, and then goes on.
inline constexpr std::size_t socket_turns_per_page = 32;
inline constexpr std::size_t sockets_per_page = 100;  // unless the request says how many
inline constexpr std::size_t sockets_per_page_max = 1'000;
// What a shard hands out of rooms and data in a turn; the socket that crosses it is still taken.
inline constexpr std::size_t socket_page_bytes_max = 1 * MiB;
static_assert(socket_page_bytes_max > socket_data_bytes_max + rooms_max * 255);
// How long a request waits for the shards; so many may wait, so that threads of the admin port are left for the probes.
inline constexpr std::chrono::milliseconds socket_answer_patience{2'000};
inline constexpr int socket_askers_max = 4;
// A room's name has 255 bytes, which JSON may write as six times as many.
inline constexpr std::size_t admin_body_bytes_max = 4 * KiB;

// --- The rest -------------------------------------------------------------------------------------

// Metrics have one slot a dialect.
inline constexpr std::size_t dialects_max = 16;

// Of the settings' file and of each file that a setting names.
inline constexpr std::size_t settings_file_bytes_max = 1 * MiB;
// The table needs three levels: section, key, list; the rules of an event in a namespace 13, and two a question in it.
inline constexpr std::size_t settings_depth_max = 32;
// Paths of the section `routes`, and realms of `wamp`: each is looked up by its name, so that this only bounds what a
// slip of a generated file makes of it.
inline constexpr std::size_t routes_max = 256;
inline constexpr std::size_t route_path_bytes_max = 255;
static_assert(route_path_bytes_max + KiB <= target_bytes_max);
inline constexpr std::size_t realms_max = 64;
// Of a reload's mistakes so many are logged; the first is the one to mend. A log takes 256 records at once.
inline constexpr std::size_t mistakes_logged_max = 20;
// Lines a second of connections that come and go (logging.level debug), of a shard.
inline constexpr std::uint32_t stories_per_second = 100;
// An access key shorter than this can be guessed: 16 characters of base64 are 96 bits.
inline constexpr std::size_t access_key_bytes_min = 16;
inline constexpr std::size_t access_key_bytes_max = 256;
static_assert(access_key_bytes_max < head_bytes_max, "it is sent in a request's head");

}  // namespace config::limits
