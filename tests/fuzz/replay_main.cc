// SPDX-License-Identifier: Apache-2.0
// The main of a fuzz target where there is no libFuzzer: runs every file of the corpus (argv[1], a folder or one file),
// then KODAMA_FUZZ_RUNS seeded mutations of them (KODAMA_FUZZ_SEED). The same seed runs the same inputs.
// Errors: a target that finds a fault ends the process; the input that did it then stands in <target>.last_input, and
//   running the target on that file repeats it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t runs_default = 20'000;
constexpr std::uint64_t seed_default = 1;
constexpr std::size_t input_bytes_max = 65'536;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

Bytes read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

std::vector<Bytes> read_corpus(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(path)) {
    for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  } else if (std::filesystem::exists(path)) {
    files.push_back(path);
  }
  std::sort(files.begin(), files.end());  // the same order everywhere, for the seed's sake
  std::vector<Bytes> corpus;
  for (const auto& file : files) corpus.push_back(read(file));
  return corpus;
}

// Runs inputs, each written down first: whatever ends the process, the file tells what it was doing.
class Runner {
 public:
  explicit Runner(std::string path)
      : path_(std::move(path)), file_(open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {}
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  ~Runner() {
    if (file_ >= 0) close(file_);
    unlink(path_.c_str());
  }
  [[nodiscard]] bool is_ready() const { return file_ >= 0; }

  // False when the input could not be written down.
  [[nodiscard]] bool run(const Bytes& input) {
    const Bytes exact(input.begin(), input.end());  // no spare capacity: the address sanitizer sees a step beyond
    const auto written = pwrite(file_, exact.data(), exact.size(), 0);
    if (written != static_cast<ssize_t>(exact.size()) || ftruncate(file_, written) != 0) return false;
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
    return true;
  }

 private:
  std::string path_;
  int file_;
};

class Mutator {
 public:
  Mutator(const std::vector<Bytes>& corpus, std::uint64_t seed) : corpus_(corpus), random_(seed) {}

  // One of the corpus, changed one to eight times.
  Bytes next() {
    Bytes input = corpus_[below(corpus_.size())];
    for (std::size_t changes = 1 + below(8); changes > 0; --changes) change(input);
    if (input.size() > input_bytes_max) input.resize(input_bytes_max);
    return input;
  }

 private:
  using Offset = Bytes::difference_type;

  // Not std::uniform_int_distribution, whose numbers differ between libraries.
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : static_cast<std::size_t>(random_() % limit); }

  void change(Bytes& input) {
    switch (below(8)) {
      case 0: return flip_bit(input);
      case 1: return set_byte(input, static_cast<std::uint8_t>(random_()));
      case 2: return set_byte(input, telling_byte());
      case 3: return insert(input, Bytes(1 + below(4), telling_byte()));
      case 4: return erase(input);
      case 5: return insert(input, piece_of(Bytes(input)));
      case 6: return insert(input, piece_of(corpus_[below(corpus_.size())]));
      default: return splice(input, corpus_[below(corpus_.size())]);
    }
  }
  std::uint8_t telling_byte() {
    static constexpr std::uint8_t bytes[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, '\r', '\n', ' ', '\t', ',', ':',
                                             ';',  '"',  '\\', '{',  '}',  '[',  ']',  '/', '%',  '$', '0'};
    return bytes[below(std::size(bytes))];
  }
  void flip_bit(Bytes& input) {
    if (input.empty()) return;
    input[below(input.size())] ^= static_cast<std::uint8_t>(1u << below(8));
  }
  void set_byte(Bytes& input, std::uint8_t byte) {
    if (!input.empty()) input[below(input.size())] = byte;
  }
  void insert(Bytes& input, const Bytes& piece) {
    input.insert(input.begin() + static_cast<Offset>(below(input.size() + 1)), piece.begin(), piece.end());
  }
  void erase(Bytes& input) {
    const std::size_t begin = below(input.size());
    const std::size_t size = std::min(input.size() - begin, 1 + below(16));
    input.erase(input.begin() + static_cast<Offset>(begin), input.begin() + static_cast<Offset>(begin + size));
  }
  Bytes piece_of(const Bytes& bytes) {
    const std::size_t begin = below(bytes.size());
    const std::size_t size = std::min(bytes.size() - begin, 1 + below(64));
    return Bytes(bytes.begin() + static_cast<Offset>(begin), bytes.begin() + static_cast<Offset>(begin + size));
  }
  // The beginning of one and the end of another.
  void splice(Bytes& input, const Bytes& other) {
    input.resize(below(input.size() + 1));
    input.insert(input.end(), other.begin() + static_cast<Offset>(below(other.size() + 1)), other.end());
  }

  const std::vector<Bytes>& corpus_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
    return 2;
  }
  const std::vector<Bytes> corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: no corpus\n", argv[1]);
    return 2;
  }
  const std::uint64_t runs = std::filesystem::is_directory(argv[1]) ? setting("KODAMA_FUZZ_RUNS", runs_default) : 0;
  const std::uint64_t seed = setting("KODAMA_FUZZ_SEED", seed_default);
  const std::string target = std::filesystem::path(argv[0]).filename();
  std::printf("%s: %zu files, then %llu mutations, seed %llu\n", target.c_str(), corpus.size(),
              static_cast<unsigned long long>(runs), static_cast<unsigned long long>(seed));
  std::fflush(stdout);  // before anything can end the process

  Runner runner(target + ".last_input");
  Mutator mutator(corpus, seed);
  bool ran = runner.is_ready();
  for (std::size_t i = 0; ran && i < corpus.size(); ++i) ran = runner.run(corpus[i]);
  for (std::uint64_t i = 0; ran && i < runs; ++i) ran = runner.run(mutator.next());
  if (!ran) std::fprintf(stderr, "%s.last_input cannot be written\n", target.c_str());
  return ran ? 0 : 1;
}
