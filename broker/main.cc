// SPDX-License-Identifier: Apache-2.0
// The parts list of the program: settings, certificate, listeners, shards, admin port; then it waits for a signal.
// Thread: the main thread. Errors: a sentence on stderr and an exit code (config/command_line.h).
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
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
#include "broker/base/memory.h"
#include "broker/net/block_cipher.h"
#include "broker/net/digest.h"
#include "broker/net/listener_socket.h"
#include "broker/shard/configuration.h"
#include "broker/shard/reloader.h"
#include "broker/shard/shard_threads.h"
#include "broker/web/served_files.h"
#include "config/command_line.h"
#include "config/limits.h"
#include "config/preset.h"
#include "doors.h"
#include "proto/socketio/refusal_labels.h"

namespace {

namespace limits = config::limits;
using namespace std::chrono_literals;

// Descriptors that a process of that many shards needs beside its clients.
constexpr std::uint64_t descriptors_needed(std::uint32_t shards) {
  return limits::descriptors_of_process + shards * (limits::descriptors_per_shard + limits::refusals_at_once);
}

std::uint64_t random_number() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
  broker::net::random_bytes(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

broker::net::BlockCipher::Key random_key() {
  broker::net::BlockCipher::Key key{};
  broker::net::random_bytes(key);
  return key;
}

broker::base::LogLevel log_level(const config::Logging& logging) {
  using broker::base::LogLevel;
  constexpr std::array levels = {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error};
  return levels[static_cast<std::size_t>(logging.level)];
}

broker::base::LogOptions log_options(const config::Logging& logging) {
  return {.level = log_level(logging),
          .format = logging.format == config::LogFormat::json ? broker::base::LogFormat::json
                                                              : broker::base::LogFormat::text};
}

struct Failure {
  int exit_code;
  std::string message;
};

// The program's parts, in the order in which they come up.
class Server {
 public:
  Server(const config::Command&, const broker::web::Directory&, const broker::Doors&);

  // Each step says what is wrong; nothing: go on with the next.
  std::optional<Failure> check();  // what the machine, the files and the ports allow
  std::optional<Failure> start();
  void print_banner() const;
  // Waits for SIGTERM or SIGINT, drains, and returns when the last client has gone. A second one ends at once. SIGHUP
  // meanwhile reloads.
  void serve_until_drained();

 private:
  void choose_shards();
  [[nodiscard]] broker::admin::LabelNames label_names() const;
  void begin_drain(int signal);
  void give_memory_back();
  void on_reloaded(const broker::shard::Configuration& in_force);

  const config::Command& command_;
  config::Settings settings_;  // in force
  broker::base::OwnedFd signals_;
  broker::base::OwnedFd drained_;
  broker::base::OwnedFd adopted_;
  broker::base::OwnedFd ebbed_;
  std::vector<int> processors_;  // to pin to; empty: not pinned
  std::uint32_t shard_count_ = 1;
  std::uint64_t descriptors_ = 0;
  std::uint64_t memory_ = 0;  // limits.memory, or what it stands for
  broker::net::Listeners http_;
  broker::net::Listeners https_;

  const broker::web::Directory& directory_;
  const broker::Doors& doors_;

  std::optional<broker::shard::ConnectionCount> connections_;
  broker::shard::AddressCounts addresses_{random_number()};
  std::optional<broker::shard::Common> common_;
  broker::base::LogWriter log_writer_;
  broker::base::LogSink& log_;
  broker::base::ReloadMetrics reloads_;
  std::optional<broker::shard::Reloader> reloader_;  // before the shards, which use what it owns
  std::optional<broker::shard::ShardThreads> shards_;
  std::vector<const broker::base::ShardMetrics*> metrics_;
  std::atomic<broker::admin::Readiness> readiness_{broker::admin::Readiness::starting};
  std::unique_ptr<broker::admin::AdminServer> admin_;
};

Server::Server(const config::Command& command, const broker::web::Directory& directory, const broker::Doors& doors)
    : command_(command),
      settings_(command.loaded.settings),
      drained_(::eventfd(0, EFD_CLOEXEC)),
      adopted_(::eventfd(0, EFD_CLOEXEC)),
      ebbed_(::eventfd(0, EFD_CLOEXEC)),
      directory_(directory),
      doors_(doors),
      log_writer_(log_options(settings_.logging)),
      log_(log_writer_.open_sink("main")) {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // every thread inherits it; main reads them
  signals_ = broker::base::OwnedFd(::signalfd(-1, &signals, SFD_CLOEXEC));
}

void Server::choose_shards() {
  std::vector<int> allowed = broker::base::allowed_processors();
  const std::uint32_t quota = broker::base::processor_quota();
  auto usable = static_cast<std::uint32_t>(allowed.size());
  if (quota > 0) usable = std::min(usable, quota);
  shard_count_ = std::min(settings_.shards == 0 ? usable : settings_.shards, limits::shards_max);
  processors_ = broker::base::processors_to_pin(std::move(allowed), quota, shard_count_);
}

std::optional<Failure> Server::check() {
  choose_shards();
  memory_ = settings_.limits.memory > 0 ? settings_.limits.memory : broker::base::memory_limit() / 2;
  descriptors_ = broker::base::raise_descriptor_limit();
  if (descriptors_ < descriptors_needed(shard_count_) + shard_count_) {
    return Failure{
        config::exit_failed,
        absl::StrFormat("only %d open files are allowed, and %d shards need %d before the first client: raise "
                        "the limit (ulimit -n, LimitNOFILE)",
                        descriptors_, shard_count_, descriptors_needed(shard_count_))};
  }
  connections_.emplace(descriptors_ - descriptors_needed(shard_count_));
  broker::shard::Opened opened = broker::shard::open_configuration(command_.loaded, std::chrono::system_clock::now());
  if (opened.configuration == nullptr) {
    return Failure{opened.files_at_fault ? config::exit_failed : config::exit_usage, config::format(opened.mistakes)};
  }
  reloader_.emplace(
      command_.sources, command_.loaded.trees, std::move(opened.configuration), log_, reloads_,
      [this](config::Loaded& loaded) { const broker::Doors checked(loaded, directory_); },
      [this](const broker::shard::Configuration& in_force) { on_reloaded(in_force); });
  if (settings_.listen.http) http_ = broker::net::open_listeners(*settings_.listen.http, shard_count_);
  if (settings_.listen.https) https_ = broker::net::open_listeners(*settings_.listen.https, shard_count_);
  for (const broker::net::Listeners* each : {&http_, &https_})
    if (!each->error.empty()) return Failure{config::exit_failed, each->error};
  return std::nullopt;
}

std::optional<Failure> Server::start() {
  common_.emplace(broker::shard::Common{.settings = settings_,
                                        .access = reloader_->in_force().access,
                                        .dialects = doors_.dialects(),
                                        .routes = doors_.routes(),
                                        .groups = doors_.groups(),
                                        .http_limits = {.head_bytes_max = limits::head_bytes_max,
                                                        .target_bytes_max = limits::target_bytes_max,
                                                        .headers_max = limits::headers_max,
                                                        .chunk_line_bytes_max = limits::chunk_line_bytes_max,
                                                        .trailer_bytes_max = limits::trailer_bytes_max,
                                                        .body_bytes_max = {}},
                                        .admission = {.connections = &*connections_, .addresses = &addresses_},
                                        .memory_bytes = memory_ / shard_count_,
                                        .session_key = random_key(),
                                        .namespaces = doors_.namespaces()});
  std::vector<broker::base::LogSink*> logs;
  for (std::uint32_t i = 0; i < shard_count_; ++i)
    logs.push_back(&log_writer_.open_sink(absl::StrFormat("shard %d", i)));
  log_writer_.start();
  if (!reloader_->in_force().warning.empty()) log_.warning(reloader_->in_force().warning);
  for (const config::Mistake& each : doors_.warnings()) log_.warning(config::format(each));
  if (const auto open = config::facts(settings_.preset).open; !open.empty()) log_.warning(open);
  if (const auto& out = directory_.left_out; !out.empty()) {
    log_.warning("links that lead out of static.dir, and what is no file, are not served",
                 {{"count", out.size()}, {"first", out.front()}});
  }

  const broker::shard::ShardsOptions options{
      .shards = shard_count_,
      .processors = processors_,
      .home = {.log = broker::shard::log_limits(settings_.log, shard_count_, memory_ / shard_count_),
               .epoch_seed = 0,
               .topics_max = settings_.limits.topics / shard_count_ + 1,
               .groups = doors_.groups()},
      .identity = reloader_->in_force().identity.get()};
  const auto signal = [](const broker::base::OwnedFd& event) { return [fd = event.get()] { ::eventfd_write(fd, 1); }; };
  shards_.emplace(options, *common_, logs,
                  broker::shard::ShardThreads::Events{
                      .on_drained = signal(drained_), .on_adopted = signal(adopted_), .on_ebb = signal(ebbed_)});
  metrics_ = shards_->metrics();
  if (settings_.listen.admin) {
    auto started = broker::admin::AdminServer::start({.address = *settings_.listen.admin,
                                                      .keys = reloader_->in_force().keys,
                                                      .labels = label_names(),
                                                      .version = KODAMA_VERSION},
                                                     {.shards = metrics_,
                                                      .readiness = readiness_,
                                                      .ask = [this](std::size_t shard) { shards_->wake(shard); },
                                                      .reloads = reloads_,
                                                      .sockets = &shards_->sockets()});
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
  for (const proto::Dialect* dialect : doors_.dialects()) names.dialects.emplace_back(dialect->name());
  for (std::size_t i = 0; i < proto::reason_count; ++i) {
    names.reasons.emplace_back(proto::facts(static_cast<proto::Reason>(i)).label);
  }
  names.namespaces = doors_.namespaces();
  if (names.namespaces.size() > broker::base::namespaces_max) {  // the others share the last one
    names.namespaces.resize(broker::base::namespaces_max);
    names.namespaces.back() = "(others)";
  }
  for (const std::string_view label : proto::socketio::refusal_labels()) names.refusals.emplace_back(label);
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
  line("certificate", reloader_->in_force().certificate);
  if (!settings_.static_files.dir.empty()) {
    line("files", absl::StrFormat("%d of %s, %d KiB", directory_.files.size(), settings_.static_files.dir,
                                  directory_.bytes / limits::KiB));
  }
  line("mode", settings_.dev ? "dev: everything is open" : "clients subscribe; publishing wants a key");
  line("preset", std::string(config::facts(settings_.preset).open));
  line("shards",
       absl::StrFormat("%d, %s", shard_count_, processors_.empty() ? "not pinned" : "each pinned to a processor"));
  line("i/o", shards_->ring_description());
  line("limits",
       absl::StrFormat("%d descriptors; %d MiB of memory, logs %d MiB of it; message %d KiB, queue %d KiB a connection",
                       descriptors_, memory_ / limits::MiB, std::min(settings_.log.bytes, memory_ / 2) / limits::MiB,
                       settings_.limits.message_bytes / limits::KiB, settings_.limits.queue_bytes / limits::KiB));
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
  for (;;) {
    std::array<pollfd, 4> waits = {pollfd{signals_.get(), POLLIN, 0}, pollfd{drained_.get(), POLLIN, 0},
                                   pollfd{adopted_.get(), POLLIN, 0}, pollfd{ebbed_.get(), POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    if (waits[1].revents != 0) break;
    if (eventfd_t adopted = 0; waits[2].revents != 0 && ::eventfd_read(adopted_.get(), &adopted) == 0) {
      reloader_->finish(*shards_);
    }
    if (eventfd_t ebbed = 0; waits[3].revents != 0 && ::eventfd_read(ebbed_.get(), &ebbed) == 0) give_memory_back();
    if (waits[0].revents == 0) continue;
    signalfd_siginfo received{};
    if (::read(signals_.get(), &received, sizeof received) != sizeof received) continue;
    const int signal = static_cast<int>(received.ssi_signo);
    if (signal == SIGHUP) {
      reloader_->reload(*shards_);
    } else {
      begin_drain(signal);
    }
  }
  admin_.reset();  // first: it may wake a shard
  shards_->stop();
  log_.info("ended");
}

void Server::begin_drain(int signal) {
  if (readiness_.exchange(broker::admin::Readiness::draining) == broker::admin::Readiness::draining)
    ::_exit(config::exit_failed);
  const auto duration =
      settings_.dev ? std::min<std::chrono::milliseconds>(settings_.drain.duration, 1s) : settings_.drain.duration;
  log_.info("shutting down; a second signal ends at once",
            {{"signal", ::strsignal(signal)}, {"drain_ms", duration.count()}});
  shards_->drain(duration);
}

// Here and not on a shard's thread, which would see to the arenas of all the others too.
void Server::give_memory_back() {
  const auto began = std::chrono::steady_clock::now();
  broker::base::give_memory_back();
  const auto took = std::chrono::floor<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  log_.debug("many connections have gone; memory was given back", {{"us", took.count()}});
}

// What main itself goes by; the shards have taken it over.
void Server::on_reloaded(const broker::shard::Configuration& in_force) {
  settings_ = in_force.settings;
  log_writer_.set_level(log_level(settings_.logging));
  if (admin_ != nullptr) admin_->set_keys(in_force.keys);
}

int refuse(const config::Mistakes& mistakes, int exit_code) {
  std::fputs(config::format(mistakes).c_str(), stderr);
  return exit_code;
}

int serve(const config::Command& command) {
  config::Loaded loaded = command.loaded;
  const broker::web::Directory directory = broker::web::read_static(loaded);
  const std::size_t unreadable = loaded.mistakes.size();
  const broker::Doors doors(loaded, directory);
  const int exit_code = loaded.mistakes.size() > unreadable ? config::exit_usage : config::exit_failed;
  if (!loaded.mistakes.empty()) return refuse(loaded.mistakes, exit_code);
  Server server(command, directory, doors);
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

int check(const config::Command& command) {
  config::Loaded loaded = command.loaded;
  broker::shard::check_certificate(loaded, std::chrono::system_clock::now());
  const broker::web::Directory directory = broker::web::read_static(loaded);
  const broker::Doors doors(loaded, directory);
  for (const config::Mistake& warning : doors.warnings())
    absl::FPrintF(stderr, "%s (a warning)\n", config::format(warning));
  if (!loaded.mistakes.empty()) return refuse(loaded.mistakes, config::exit_usage);
  std::fputs(command.text.c_str(), stdout);
  return config::exit_ok;
}

}  // namespace

int main(int argc, char** argv) {
  const config::Command command = config::parse_command_line(argc, argv, environ, KODAMA_VERSION);
  switch (command.action) {
    case config::Command::Action::serve: return serve(command);
    case config::Command::Action::check: return check(command);
    case config::Command::Action::print: break;
  }
  std::fputs(command.text.c_str(), command.exit_code == config::exit_ok ? stdout : stderr);
  return command.exit_code;
}
