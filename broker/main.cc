// SPDX-License-Identifier: Apache-2.0
// The parts list of the program: settings, certificate, listeners, shards, admin port; then it waits for a signal.
// Thread: the main thread. Errors: a sentence on stderr and an exit code (config/command_line.h).
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "broker/admin/admin_server.h"
#include "broker/base/log_writer.h"
#include "broker/base/machine.h"
#include "broker/net/certificate.h"
#include "broker/net/listener_socket.h"
#include "broker/shard/shard_threads.h"
#include "broker/web/web_files.h"
#include "config/command_line.h"
#include "config/keys.h"
#include "config/limits.h"
#include "proto/files/dialect.h"
#include "proto/native/dialect.h"
#include "proto/raw/dialect.h"
#include "proto/rest/dialect.h"

namespace {

namespace limits = config::limits;
using namespace std::chrono_literals;

// Descriptors that a process of that many shards needs before it has a single client.
constexpr std::uint64_t descriptors_needed(std::uint32_t shards) { return 64 + std::uint64_t{shards} * 8; }

broker::base::LogOptions log_options(const config::Logging& logging) {
  using broker::base::LogLevel;
  constexpr std::array levels = {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};
  return {.level = levels[static_cast<std::size_t>(logging.level)],
          .format = logging.format == config::LogFormat::json ? broker::base::LogFormat::json
                                                              : broker::base::LogFormat::text};
}

std::vector<proto::files::File> served_files(bool dev) {
  std::vector<proto::files::File> files;
  for (const broker::web::File& file : broker::web::files()) {
    if (dev || file.path == "/kodama.js") files.push_back({file.path, file.content_type, file.bytes});
  }
  return files;
}

// What is spoken. A new dialect is a folder in proto/ and one line here; its place is its number in the metrics.
class Dialects {
 public:
  explicit Dialects(bool dev) {
    add<proto::rest::RestDialect>();
    add<proto::raw::RawDialect>();
    add<proto::native::NativeDialect>();
    add<proto::files::FilesDialect>(served_files(dev));
  }
  [[nodiscard]] std::span<const proto::Dialect* const> list() const { return list_; }

 private:
  template <class Dialect, class... Arguments>
  void add(Arguments&&... arguments) {
    owned_.push_back(std::make_unique<Dialect>(std::forward<Arguments>(arguments)...));
    list_.push_back(owned_.back().get());
  }
  std::vector<std::unique_ptr<const proto::Dialect>> owned_;
  std::vector<const proto::Dialect*> list_;
};

struct Certificate {
  broker::net::TlsIdentity::Loaded loaded;
  std::string note;  // for the banner
  std::string error;
};

struct Failure {
  int exit_code;
  std::string message;
};

Certificate open_certificate(const config::Settings& settings) {
  const auto now = std::chrono::system_clock::now();
  std::string certificate = settings.tls.certificate;
  std::string key = settings.tls.key;
  std::string note = certificate;
  if (certificate.empty()) {
    const std::string directory = broker::net::state_directory(std::getenv("XDG_STATE_HOME"), std::getenv("HOME"));
    if (directory.empty())
      return {{}, {}, "no place to keep a self-signed certificate: set HOME, or tls.certificate and tls.key"};
    const broker::net::SelfSigned own = broker::net::keep_self_signed(directory, now);
    if (!own.error.empty()) return {{}, {}, own.error};
    certificate = own.certificate_path;
    key = own.key_path;
    note = absl::StrFormat("self-signed, %s in %s", own.made ? "made" : "kept", own.certificate_path);
  }
  Certificate result{broker::net::TlsIdentity::load(certificate, key, now), std::move(note), {}};
  result.error = result.loaded.error;
  return result;
}

// The program's parts, in the order in which they come up.
class Server {
 public:
  explicit Server(const config::Settings& settings);

  // Each step says what is wrong; nothing: go on with the next.
  std::optional<Failure> check();  // what the machine, the files and the ports allow
  std::optional<Failure> start();
  void print_banner() const;
  // Waits for SIGTERM or SIGINT, drains, and returns when the last client has gone. A second signal ends at once.
  void serve_until_drained();

 private:
  void choose_shards();
  [[nodiscard]] broker::admin::LabelNames label_names() const;

  const config::Settings& settings_;
  broker::base::OwnedFd signals_;
  broker::base::OwnedFd drained_;
  std::vector<int> processors_;  // to pin to; empty: not pinned
  std::uint32_t shard_count_ = 1;
  std::uint64_t descriptors_ = 0;
  std::vector<std::string> keys_;
  Certificate certificate_;
  broker::net::Listeners http_;
  broker::net::Listeners https_;

  const Dialects dialects_;
  const proto::http::Router routes_;

  std::optional<broker::shard::Access> access_;
  std::optional<broker::shard::Common> common_;
  broker::base::LogWriter log_writer_;
  broker::base::LogSink& log_;
  std::optional<broker::shard::ShardThreads> shards_;
  std::vector<const broker::base::ShardMetrics*> metrics_;
  std::atomic<broker::admin::Readiness> readiness_{broker::admin::Readiness::starting};
  std::unique_ptr<broker::admin::AdminServer> admin_;
};

Server::Server(const config::Settings& settings)
    : settings_(settings),
      drained_(::eventfd(0, EFD_CLOEXEC)),
      dialects_(settings.dev),
      routes_(dialects_.list()),
      log_writer_(log_options(settings.logging)),
      log_(log_writer_.open_sink("main")) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // every thread inherits it; main reads them
  signals_ = broker::base::OwnedFd(::signalfd(-1, &signals, SFD_CLOEXEC));
}

void Server::choose_shards() {
  processors_ = broker::base::allowed_processors();
  const std::uint32_t quota = broker::base::processor_quota();
  auto usable = static_cast<std::uint32_t>(processors_.size());
  if (quota > 0) usable = std::min(usable, quota);
  shard_count_ = std::min(settings_.shards == 0 ? usable : settings_.shards, limits::shards_max);
  if (shard_count_ > usable) processors_.clear();
}

std::optional<Failure> Server::check() {
  choose_shards();
  descriptors_ = broker::base::raise_descriptor_limit();
  if (descriptors_ < descriptors_needed(shard_count_)) {
    return Failure{
        config::exit_failed,
        absl::StrFormat("only %d open files are allowed, and %d shards need %d before the first client: raise "
                        "the limit (ulimit -n, LimitNOFILE)",
                        descriptors_, shard_count_, descriptors_needed(shard_count_))};
  }
  if (!settings_.access.key_file.empty()) {
    config::AccessKeys loaded = config::load_keys(settings_.access.key_file);
    if (!loaded.mistakes.empty()) return Failure{config::exit_usage, config::format(loaded.mistakes)};
    keys_ = std::move(loaded.keys);
  }
  if (settings_.listen.https) {
    certificate_ = open_certificate(settings_);
    if (!certificate_.error.empty()) return Failure{config::exit_failed, certificate_.error};
  }
  if (settings_.listen.http) http_ = broker::net::open_listeners(*settings_.listen.http, shard_count_);
  if (settings_.listen.https) https_ = broker::net::open_listeners(*settings_.listen.https, shard_count_);
  for (const broker::net::Listeners* each : {&http_, &https_}) {
    if (!each->error.empty()) return Failure{config::exit_failed, each->error};
  }
  return std::nullopt;
}

std::optional<Failure> Server::start() {
  access_.emplace(settings_, keys_);
  common_.emplace(broker::shard::Common{.settings = settings_,
                                        .access = *access_,
                                        .dialects = dialects_.list(),
                                        .routes = routes_,
                                        .http_limits = {.head_bytes_max = limits::head_bytes_max,
                                                        .target_bytes_max = limits::target_bytes_max,
                                                        .headers_max = limits::headers_max,
                                                        .chunk_line_bytes_max = limits::chunk_line_bytes_max,
                                                        .trailer_bytes_max = limits::trailer_bytes_max,
                                                        .body_bytes_max = {}}});
  std::vector<broker::base::LogSink*> logs;
  for (std::uint32_t i = 0; i < shard_count_; ++i)
    logs.push_back(&log_writer_.open_sink(absl::StrFormat("shard %d", i)));
  log_writer_.start();
  if (!certificate_.loaded.warning.empty()) log_.warning(certificate_.loaded.warning);

  const broker::shard::ShardsOptions options{.shards = shard_count_,
                                             .processors = processors_,
                                             .home = {.log = {.messages = settings_.log.messages,
                                                              .age = settings_.log.age,
                                                              .bytes = settings_.log.bytes / shard_count_},
                                                      .epoch_seed = 0},
                                             .identity = certificate_.loaded.identity.get()};
  shards_.emplace(options, *common_, logs, [fd = drained_.get()] { ::eventfd_write(fd, 1); });
  metrics_ = shards_->metrics();
  if (settings_.listen.admin) {
    auto started = broker::admin::AdminServer::start(
        {.address = *settings_.listen.admin, .keys = keys_, .labels = label_names(), .version = KODAMA_VERSION},
        {.shards = metrics_, .readiness = readiness_, .ask = [this](std::size_t shard) { shards_->wake(shard); }});
    if (auto* error = std::get_if<std::string>(&started)) return Failure{config::exit_failed, *error};
    admin_ = std::move(std::get<std::unique_ptr<broker::admin::AdminServer>>(started));
  }
  shards_->listen(std::move(http_.sockets), broker::base::Listener::http);
  shards_->listen(std::move(https_.sockets), broker::base::Listener::https);
  if (std::string error = shards_->start(); !error.empty()) return Failure{config::exit_failed, std::move(error)};
  readiness_.store(broker::admin::Readiness::ready);
  return std::nullopt;
}

broker::admin::LabelNames Server::label_names() const {
  broker::admin::LabelNames names;
  for (const proto::Dialect* dialect : dialects_.list()) names.dialects.emplace_back(dialect->name());
  for (std::size_t i = 0; i < proto::reason_count; ++i) {
    names.reasons.emplace_back(proto::facts(static_cast<proto::Reason>(i)).label);
  }
  return names;
}

// For whoever started it by hand. Everything that happens later goes to the log.
void Server::print_banner() const {
  std::string out = absl::StrFormat("kodama %s\n", KODAMA_VERSION);
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) absl::StrAppendFormat(&out, "  %-12s %s\n", name, value);
  };
  const char* page = settings_.dev ? "/" : "";
  const std::string plain = settings_.listen.http ? "http://" + config::format(http_.address) : "";
  const std::string secure = settings_.listen.https ? "https://" + config::format(https_.address) : "";
  if (!plain.empty()) line("http", plain + page);
  if (!secure.empty()) line("https", secure + page);
  if (admin_ != nullptr) line("admin", "http://" + config::format(admin_->address()) + "/metrics");
  line("certificate", certificate_.note);
  line("mode", settings_.dev ? "dev: everything is open" : "clients subscribe; publishing wants a key");
  line("shards",
       absl::StrFormat("%d, %s", shard_count_, processors_.empty() ? "not pinned" : "each pinned to a processor"));
  line("i/o", shards_->ring_description());
  line("limits", absl::StrFormat("%d descriptors; message %d KiB, queue %d KiB a connection, logs %d MiB", descriptors_,
                                 settings_.limits.message_bytes / limits::KiB,
                                 settings_.limits.queue_bytes / limits::KiB, settings_.log.bytes / limits::MiB));
  const std::string& base = plain.empty() ? secure : plain;
  if (!base.empty()) {
    const char* insecure = plain.empty() && settings_.tls.certificate.empty() ? "-k " : "";
    const char* key = settings_.dev ? "" : "-H \"Authorization: Bearer $KEY\" ";
    absl::StrAppendFormat(&out, "publish: curl %s%s-d 'hello' '%s/topics/chat%%20message'\n", insecure, key, base);
  }
  std::fputs(out.c_str(), stdout);
  std::fflush(stdout);
}

void Server::serve_until_drained() {
  bool draining = false;
  for (;;) {
    std::array<pollfd, 2> waits = {pollfd{signals_.get(), POLLIN, 0}, pollfd{drained_.get(), POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[1].revents != 0) break;
    signalfd_siginfo received{};
    if (::read(signals_.get(), &received, sizeof received) != sizeof received) continue;
    if (draining) ::_exit(config::exit_failed);
    draining = true;
    readiness_.store(broker::admin::Readiness::draining);
    const auto duration =
        settings_.dev ? std::min<std::chrono::milliseconds>(settings_.drain.duration, 1s) : settings_.drain.duration;
    log_.info("shutting down; a second signal ends at once",
              {{"signal", ::strsignal(static_cast<int>(received.ssi_signo))}, {"drain_ms", duration.count()}});
    shards_->drain(duration);
  }
  admin_.reset();  // first: it may wake a shard
  shards_->stop();
  log_.info("ended");
}

int serve(const config::Settings& settings) {
  Server server(settings);
  std::optional<Failure> failure = server.check();
  if (!failure) failure = server.start();
  if (failure) {
    absl::FPrintF(stderr, "kodama: %s\n", failure->message);
    return failure->exit_code;
  }
  server.print_banner();
  server.serve_until_drained();
  return config::exit_ok;
}

}  // namespace

int main(int argc, char** argv) {
  const config::Command command = config::parse_command_line(argc, argv, environ, KODAMA_VERSION);
  if (command.action == config::Command::Action::print) {
    std::fputs(command.text.c_str(), command.exit_code == config::exit_ok ? stdout : stderr);
    return command.exit_code;
  }
  return serve(command.loaded.settings);
}
