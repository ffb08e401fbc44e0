// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/publisher_http.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "tests/e2e/swarm/http.h"

namespace swarm {
namespace {

constexpr std::uint64_t lines_per_request = 2000;
constexpr std::uint64_t lines_per_mistake = 500;
constexpr unsigned post_connections = 4;

}  // namespace

// ---- POST /publish

void NdjsonPublisher::connect() { link_ = Link::open(around_.loop, around_.dialer, *this, {}); }

void NdjsonPublisher::on_open() {
  open_ = true;
  begin_request();
}

void NdjsonPublisher::begin_request() {
  head_read_ = false;
  body_ended_ = false;
  lines_of_request_ = 0;
  link_->send("POST /publish HTTP/1.1\r\nHost: " + around_.dialer.host() +
              "\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
}

void NdjsonPublisher::publish(const Identity& identity, const std::string& content) {
  if (lines_of_request_ % lines_per_mistake == lines_per_mistake / 2) {
    lines_ += "oops\n";
    pending_.emplace_back(std::nullopt);
  }
  lines_ += "{\"topic\":\"" + ledger_.name(identity.topic) + "\",\"data\":" + content + "}\n";
  pending_.emplace_back(identity);
  ++lines_of_request_;
}

// A chunk ends anywhere, also within a line.
void NdjsonPublisher::flush() {
  const std::size_t cut = std::max<std::size_t>(1, random_() % lines_.size());
  std::string out;
  append_chunk(out, std::string_view(lines_).substr(0, cut));
  if (cut < lines_.size()) append_chunk(out, std::string_view(lines_).substr(cut));
  lines_.clear();
  link_->send(out);
  if (lines_of_request_ >= lines_per_request) end_request();
}

void NdjsonPublisher::end_request() {
  body_ended_ = true;
  link_->send("0\r\n\r\n");
}

std::size_t NdjsonPublisher::on_bytes(std::string_view bytes) {
  std::size_t taken = 0;
  if (!head_read_) {
    const std::optional<HttpHead> head = read_head(bytes);
    if (!head) return 0;
    if (head->status != 200 || head->header("transfer-encoding") != "chunked")
      fail("POST /publish: " + std::string(head->text));
    head_read_ = true;
    taken = head->bytes;
  }
  while (head_read_) {
    const Chunk chunk = read_chunk(bytes.substr(taken));
    taken += chunk.bytes;
    if (chunk.kind == Chunk::Kind::need_more) break;
    if (chunk.kind == Chunk::Kind::bad) {
      fail("a bad chunk");
      return bytes.size();
    }
    if (chunk.kind == Chunk::Kind::data) {
      on_answers(chunk.data);
    } else {
      on_answer_end();
    }
  }
  return link_ == nullptr ? bytes.size() : taken;
}

void NdjsonPublisher::on_answers(std::string_view data) {
  part_ += data;
  std::size_t begin = 0;
  for (std::size_t end; (end = part_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    on_answer(std::string_view(part_).substr(begin, end - begin));
  }
  part_.erase(0, begin);
}

void NdjsonPublisher::on_answer(std::string_view line) {
  if (pending_.empty()) return fail("an answer too many: " + std::string(line));
  const std::optional<Identity> identity = pending_.front();
  pending_.pop_front();
  const auto offset = json_number(line, "offset");
  const std::string_view epoch = json_string(line, "epoch");
  if (!identity) {
    if (json_number(line, "code") != 400) fail("a bad line was answered " + std::string(line));
  } else if (!offset || epoch.empty()) {
    fail("a good line was answered " + std::string(line));
  } else {
    ledger_.acknowledged(*identity, *offset, epoch);
  }
}

void NdjsonPublisher::on_answer_end() {
  if (!body_ended_ || !pending_.empty() || !part_.empty()) {
    fail("the answer ended with " + std::to_string(pending_.size()) + " lines unanswered");
  }
  head_read_ = false;
  if (finishing_) {
    open_ = false;
    return Link::drop(std::move(link_), false);
  }
  begin_request();
}

void NdjsonPublisher::finish() {
  if (std::exchange(finishing_, true) || !open_) return;
  if (!body_ended_) end_request();
}

void NdjsonPublisher::on_lost(std::string_view why) {
  fail("its NDJSON stream was lost: " + std::string(why));
  open_ = false;
  Link::drop(std::move(link_), false);
}

// ---- POST /topics/{topic}

class PostPublisher::Line final : private Link::Events {
 public:
  explicit Line(PostPublisher& owner) : owner_(owner) {}
  void connect() { link_ = Link::open(owner_.around_.loop, owner_.around_.dialer, *this, {}); }
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }

  void publish(const Identity& identity, const std::string& content) {
    link_->send("POST /topics/" + percent_encode(owner_.ledger_.name(identity.topic)) +
                " HTTP/1.1\r\nHost: " + owner_.around_.dialer.host() +
                "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" +
                content);
    pending_.push_back(identity);
  }

  void finish() {
    open_ = false;
    Link::drop(std::move(link_), false);
  }

 private:
  void on_open() override { open_ = true; }

  std::size_t on_bytes(std::string_view bytes) override {
    std::size_t taken = 0;
    for (;;) {
      const std::string_view left = bytes.substr(taken);
      const std::optional<HttpHead> head = read_head(left);
      if (!head) return taken;
      const auto size = static_cast<std::size_t>(std::atoll(std::string(head->header("content-length")).c_str()));
      if (left.size() < head->bytes + size) return taken;
      on_answer(*head, left.substr(head->bytes, size));
      taken += head->bytes + size;
    }
  }

  void on_answer(const HttpHead& head, std::string_view body) {
    const auto offset = json_number(body, "offset");
    if (pending_.empty() || head.status != 200 || !offset || json_string(body, "epoch").empty()) {
      return owner_.fail("POST /topics: " + std::string(head.text) + std::string(body));
    }
    owner_.ledger_.acknowledged(pending_.front(), *offset, json_string(body, "epoch"));
    pending_.pop_front();
  }

  void on_lost(std::string_view why) override {
    owner_.fail("its POST connection was lost: " + std::string(why));
    finish();
  }

  PostPublisher& owner_;
  std::unique_ptr<Link> link_;
  std::deque<Identity> pending_;
  bool open_ = false;
};

PostPublisher::PostPublisher(const Surroundings& around, Ledger& ledger, const Task& task)
    : Publisher(around, ledger, task) {
  for (unsigned i = 0; i < post_connections; ++i) lines_.push_back(std::make_unique<Line>(*this));
}

PostPublisher::~PostPublisher() = default;

void PostPublisher::connect() {
  for (const auto& each : lines_) each->connect();
}

bool PostPublisher::ready() const {
  return std::ranges::all_of(lines_, [](const auto& each) { return each->open(); });
}

std::uint64_t PostPublisher::outstanding() const {
  std::uint64_t sum = 0;
  for (const auto& each : lines_) sum += each->pending();
  return sum;
}

void PostPublisher::publish(const Identity& identity, const std::string& content) {
  lines_[identity.topic % lines_.size()]->publish(identity, content);
}

void PostPublisher::finish() {
  for (const auto& each : lines_) {
    if (each->open()) each->finish();
  }
}

bool PostPublisher::finished() const {
  return std::ranges::none_of(lines_, [](const auto& each) { return each->open(); });
}

}  // namespace swarm
