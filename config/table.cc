// SPDX-License-Identifier: Apache-2.0
#include "config/table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "config/limits.h"
#include "config/words.h"

namespace config {
namespace {

template <auto group, auto member>
constexpr auto at = +[](Settings& settings) -> auto& { return settings.*group.*member; };
template <auto member>
constexpr auto top = +[](Settings& settings) -> auto& { return settings.*member; };

constexpr std::uint64_t KiB = limits::KiB;
constexpr std::uint64_t MiB = limits::MiB;
constexpr std::uint64_t GiB = 1024 * MiB;
constexpr std::uint64_t second_ms = 1'000;
constexpr std::uint64_t hour_ms = 3600 * second_ms;
// The shortest time-out that a busy machine can still keep.
constexpr std::uint64_t timeout_ms_least = 100;

using S = Settings;

// Rows of one section stand together. The order is the order of the example, the help and the README.
constexpr Row rows[] = {
    {.key = "listen.http",
     .slot = at<&S::listen, &Listen::http>,
     .fallback = "127.0.0.1:8000",
     .why = "Where plain HTTP and ws:// are served: 0.0.0.0:8000 takes the network, \"\" turns it off, port 0 takes a "
            "free port and prints it."},
    {.key = "listen.https",
     .slot = at<&S::listen, &Listen::https>,
     .fallback = automatic,
     .why = "Where HTTPS and wss:// are served; auto is 127.0.0.1:8443 where dev is true or tls.certificate is set, "
            "otherwise off."},
    {.key = "listen.admin",
     .slot = at<&S::listen, &Listen::admin>,
     .fallback = "127.0.0.1:9000",
     .why = "Where /metrics, /healthz and /readyz are served: on an address that Prometheus and the kubelet reach and "
            "browsers do not."},
    {.key = "listen.allow_remote_dev",
     .slot = at<&S::listen, &Listen::allow_remote_dev>,
     .fallback = "false",
     .why = "Lets dev listen beyond this machine, where everybody who reaches it may publish and read everything."},
    {.key = "tls.certificate",
     .slot = at<&S::tls, &Tls::certificate>,
     .fallback = "",
     .takes = Takes::reload,
     .why = "The PEM file of the certificate chain that browsers are shown; without one, dev makes a self-signed "
            "certificate and keeps it."},
    {.key = "tls.key",
     .slot = at<&S::tls, &Tls::key>,
     .fallback = "",
     .takes = Takes::reload,
     .why = "The PEM file of the certificate's private key; ECDSA P-256 costs a fraction of RSA in a storm of "
            "handshakes."},
    {.key = "shards",
     .slot = top<&S::shards>,
     .fallback = "0",
     .most = limits::shards_max,
     .why = "How many cores serve; 0 is one shard for each core that the process may use."},
    {.key = "dev",
     .slot = top<&S::dev>,
     .fallback = "false",
     .why = "The open playground: no keys, everybody may publish, a page at /; this machine only unless "
            "listen.allow_remote_dev is true."},
    {.key = "preset",
     .slot = top<&S::preset>,
     .fallback = "none",
     .why = "A section socketio that need not be written: with socketio-chat every client of Socket.IO may send \"chat "
            "message\" to everybody, as a tutorial's server does; for trying things out."},
    {.key = "access.key_file",
     .slot = at<&S::access, &Access::key_file>,
     .fallback = "",
     .takes = Takes::reload,
     .why = "The file of the keys that backends publish with and the admin port wants (Authorization: Bearer KEY), one "
            "a line; needed where dev is false."},
    {.key = "access.origins",
     .slot = at<&S::access, &Access::origins>,
     .fallback = "",
     .takes = Takes::reload,
     .why = "The sites whose pages may connect, beside those from the broker's own address: https://example.com, or "
            "* for any."},
    {.key = "access.client_publish",
     .slot = at<&S::access, &Access::client_publish>,
     .fallback = "",
     .takes = Takes::reload,
     .why = "The topics that browsers may publish to where dev is false: names, in which * stands for anything within "
            "a segment and ** at the end for any rest."},
    {.key = "access.client_subscribe",
     .slot = at<&S::access, &Access::client_subscribe>,
     .fallback = "**",
     .takes = Takes::reload,
     .why =
         "The topics that browsers may subscribe to and read where dev is false, as patterns. What rules of Socket.IO "
         "and Engine.IO hand out is not asked about, nor who has a backend's key; a topic that is taken off the list "
         "is taken from those who subscribe to it."},
    {.key = "limits.message_bytes",
     .slot = at<&S::limits, &Limits::message_bytes>,
     .fallback = "1MiB",
     .least = limits::message_bytes_least,
     .most = limits::message_bytes_most,
     .takes = Takes::reload,
     .why = "The largest message that is taken; each one is held in memory as a whole."},
    {.key = "limits.queue_bytes",
     .slot = at<&S::limits, &Limits::queue_bytes>,
     .fallback = "4MiB",
     .least = limits::message_bytes_least + limits::queue_headroom_bytes,
     .most = 1 * GiB,
     .takes = Takes::reload,
     .why = "What may wait for one slow reader before queue.overflow acts: slow readers times this is the memory they "
            "can take."},
    {.key = "limits.memory",
     .slot = at<&S::limits, &Limits::memory>,
     .fallback = "0",
     .most = 1024 * GiB,
     .why = "What logs, queues, windows and unfinished input may take over all, each shard its share: near it new "
            "connections are refused, then the slowest readers closed, at it publishers refused (429). 0 is half of "
            "the memory of the machine or container; the logs (log.bytes) get no more than half of it."},
    {.key = "limits.shard_connections",
     .slot = at<&S::limits, &Limits::shard_connections>,
     .fallback = "0",
     .most = 10'000'000,
     .takes = Takes::reload,
     .why =
         "How many connections one shard holds; one more is answered with 503. 0 is any number, until there are as "
         "many as the open files allow (ulimit -n), which is the bound in any case: from Linux 6.15 on in one shard, "
         "before that or with limits.address_connections in all shards together."},
    {.key = "limits.address_connections",
     .slot = at<&S::limits, &Limits::address_connections>,
     .fallback = "0",
     .most = 10'000'000,
     .takes = Takes::reload,
     .why = "How many connections may come from one address (of IPv6: one /64) on all shards together; one more is "
            "answered with 429. 0 is any number, as behind a proxy all come from one."},
    {.key = "limits.topics",
     .slot = at<&S::limits, &Limits::topics>,
     .fallback = "1000000",
     .least = 1,
     .most = 1'000'000'000,
     .why = "How many topics are kept that have a subscriber or a log, each shard its share; one more is refused with "
            "503. Each takes about 400 bytes beside its messages."},
    {.key = "limits.subscriptions",
     .slot = at<&S::limits, &Limits::subscriptions>,
     .fallback = "1024",
     .least = 1,
     .most = 65'535,
     .takes = Takes::reload,
     .why = "How many topics one connection may subscribe to; one more is refused with 429. Each takes up to half a "
            "KiB."},
    {.key = "limits.websocket_rate",
     .slot = at<&S::limits, &Limits::websocket_rate>,
     .fallback = "0",
     .most = 1'000'000,
     .takes = Takes::reload,
     .why = "How many messages, commands and pings a second are taken from one WebSocket, after a first second's worth "
            "at once; who sends faster is read more slowly and loses nothing. 0 is any number."},
    {.key = "limits.http_rate",
     .slot = at<&S::limits, &Limits::http_rate>,
     .fallback = "0",
     .most = 1'000'000,
     .takes = Takes::reload,
     .why = "How many requests and lines of /publish a second are taken from one HTTP connection, after a first "
            "second's worth at once; who sends faster is read more slowly. 0 is any number."},
    {.key = "queue.overflow",
     .slot = at<&S::queue, &Queue::overflow>,
     .fallback = "disconnect",
     .takes = Takes::reload,
     .why = "What a full queue does: disconnect closes with 1013, so that the reader comes back and resumes; "
            "drop_oldest keeps it and tells it what it missed. Socket.IO clients are always disconnected."},
    {.key = "log.messages",
     .slot = at<&S::log, &Log::messages>,
     .fallback = "100",
     .most = 1'000'000,
     .takes = Takes::reload,
     .why = "How many messages of each topic are kept for those who resume or ask for the last ones; 0 keeps none."},
    {.key = "log.age",
     .slot = at<&S::log, &Log::age>,
     .fallback = "5m",
     .least = second_ms,
     .most = 7 * 24 * hour_ms,
     .takes = Takes::reload,
     .why = "How long messages are kept for those who resume: as long as your clients may be away."},
    {.key = "log.bytes",
     .slot = at<&S::log, &Log::bytes>,
     .fallback = "256MiB",
     .least = 1 * MiB,
     .most = 1024 * GiB,
     .takes = Takes::reload,
     .why = "The memory that the logs of all topics may take together; beyond it the oldest messages go first."},
    {.key = "logging.level",
     .slot = at<&S::logging, &Logging::level>,
     .fallback = "info",
     .takes = Takes::reload,
     .why = "What the program itself logs: debug adds a line when a connection has come and one when it has ended, at "
            "most 100 a second of each core."},
    {.key = "logging.format",
     .slot = at<&S::logging, &Logging::format>,
     .fallback = "text",
     .why = "json writes an object a line for log collectors."},
    {.key = "drain.duration",
     .slot = at<&S::drain, &Drain::duration>,
     .fallback = "30s",
     .most = hour_ms,
     .takes = Takes::reload,
     .why = "Over how long connections are closed after SIGTERM: longer spreads the reconnects. The last have 6 "
            "seconds more to close; keep all below Kubernetes' terminationGracePeriodSeconds."},
    {.key = "websocket.ping_interval",
     .slot = at<&S::websocket, &WebSocket::ping_interval>,
     .fallback = "25s",
     .least = timeout_ms_least,
     .most = hour_ms,
     .takes = Takes::reload,
     .why = "How often a silent WebSocket is pinged: below the idle time-out of the proxies on the way."},
    {.key = "websocket.ping_timeout",
     .slot = at<&S::websocket, &WebSocket::ping_timeout>,
     .fallback = "10s",
     .least = timeout_ms_least,
     .most = hour_ms,
     .takes = Takes::reload,
     .why =
         "How long a ping may go unanswered before the connection counts as lost: raise it for bad mobile networks."},
    {.key = "websocket.compression",
     .slot = at<&S::websocket, &WebSocket::compression>,
     .fallback = "true",
     .takes = Takes::reload,
     .why = "Whether permessage-deflate is agreed on with clients that offer it, as browsers do: false spares the "
            "processor where bandwidth costs nothing."},
    {.key = "websocket.compress_above",
     .slot = at<&S::websocket, &WebSocket::compress_above>,
     .fallback = "256B",
     .most = limits::deflate_bytes_max,
     .why = "Messages from this size on are compressed, once for all subscribers of a core: raise it where most topics "
            "have few subscribers."},
    {.key = "websocket.window_bytes",
     .slot = at<&S::websocket, &WebSocket::window_bytes>,
     .fallback = "4MiB",
     .most = 1 * GiB,
     .why = "The memory for ?publish=only connections of a core that refer back to earlier messages, up to 32KiB each; "
            "beyond it, and with 0, they are asked not to."},
    {.key = "timeouts.head",
     .slot = at<&S::timeouts, &Timeouts::head>,
     .fallback = "10s",
     .least = timeout_ms_least,
     .most = hour_ms,
     .takes = Takes::reload,
     .why =
         "How long a request's head may take from its first byte: shorter sheds clients that send a byte at a time."},
    {.key = "timeouts.handshake",
     .slot = at<&S::timeouts, &Timeouts::handshake>,
     .fallback = "10s",
     .least = timeout_ms_least,
     .most = hour_ms,
     .takes = Takes::reload,
     .why = "How long a TLS handshake may take: raise it when storms of reconnects time out."},
    {.key = "timeouts.body",
     .slot = at<&S::timeouts, &Timeouts::body>,
     .fallback = "30s",
     .least = timeout_ms_least,
     .most = hour_ms,
     .takes = Takes::reload,
     .why = "How long a request's body may pause: raise it for backends that stream to /publish now and then."},
    {.key = "timeouts.idle",
     .slot = at<&S::timeouts, &Timeouts::idle>,
     .fallback = "75s",
     .least = timeout_ms_least,
     .most = hour_ms,
     .takes = Takes::reload,
     .why = "How long an HTTP connection may rest between requests: above that of the proxy in front, so that the "
            "proxy closes first."},
    {.key = "static.dir",
     .slot = at<&S::static_files, &StaticFiles::dir>,
     .fallback = "",
     .why =
         "A directory whose files are served at /, index.html for a folder: pages that need no other server. They are "
         "read into memory at the start; in dev they take the place of the page at /."},
};

static_assert(limits::message_bytes_least + limits::queue_headroom_bytes == 65 * KiB);

}  // namespace

std::span<const Row> table() { return rows; }

const Row* find_row(std::string_view key) {
  const Row* found = std::find_if(std::begin(rows), std::end(rows), [&](const Row& row) { return row.key == key; });
  return found == std::end(rows) ? nullptr : found;
}

std::string_view section_of(std::string_view key) {
  const std::size_t dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view{} : key.substr(0, dot);
}

std::string_view last_segment(std::string_view key) { return key.substr(key.rfind('.') + 1); }

bool is_section(std::string_view word) {
  return !word.empty() &&
         std::any_of(std::begin(rows), std::end(rows), [&](const Row& row) { return section_of(row.key) == word; });
}

std::string environment_name(const Row& row) {
  const std::string upper = absl::AsciiStrToUpper(absl::string_view(row.key.data(), row.key.size()));
  return absl::StrCat("KODAMA__", absl::StrReplaceAll(upper, {{".", "__"}}));
}

std::string suggest_key(std::string_view unknown) {
  std::vector<std::string_view> keys;
  std::vector<std::string_view> endings;
  for (const Row& row : rows) keys.push_back(row.key);
  for (const Row& row : rows) endings.push_back(last_segment(row.key));
  if (const std::string_view near = nearest(unknown, keys); !near.empty()) return std::string(near);
  // "http" and "listener.http" mean listen.http; of a misspelt ending the same.
  const std::string_view near = nearest(last_segment(unknown), endings);
  if (near.empty()) return {};
  return std::string(keys[static_cast<std::size_t>(std::find(endings.begin(), endings.end(), near) - endings.begin())]);
}

}  // namespace config
