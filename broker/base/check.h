// SPDX-License-Identifier: Apache-2.0
// Programmer errors end the program with file, line and values, also in release builds. Never for anything that a peer,
// the network or the operator can cause.
// Thread: any.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace broker::base {

[[noreturn]] inline void check_failed(const char* file, int line, const char* condition, const std::string& values) {
  std::fprintf(stderr, "%s:%d: check failed: %s %s\n", file, line, condition, values.c_str());
  std::abort();
}

}  // namespace broker::base

// KODAMA_CHECK(condition, values...): values are what absl::StrCat takes.
#define KODAMA_CHECK(condition, ...)                                                                               \
  do {                                                                                                             \
    if (!(condition)) [[unlikely]]                                                                                 \
      ::broker::base::check_failed(__FILE__, __LINE__, #condition, ::absl::StrCat("" __VA_OPT__(, ) __VA_ARGS__)); \
  } while (false)

#ifdef NDEBUG
#define KODAMA_DCHECK(condition, ...) \
  do {                                \
  } while (false && (condition))
#else
#define KODAMA_DCHECK(condition, ...) KODAMA_CHECK(condition __VA_OPT__(, ) __VA_ARGS__)
#endif
