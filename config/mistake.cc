// SPDX-License-Identifier: Apache-2.0
#include "config/mistake.h"

#include "absl/strings/str_cat.h"

namespace config {

std::string format(const Mistake& mistake) {
  std::string text;
  if (!mistake.where.empty()) absl::StrAppend(&text, mistake.where, ": ");
  if (!mistake.key.empty()) absl::StrAppend(&text, mistake.key, ": ");
  return text += mistake.what;
}

std::string format(const Mistakes& mistakes) {
  std::string text;
  for (const Mistake& mistake : mistakes) absl::StrAppend(&text, format(mistake), "\n");
  return text;
}

}  // namespace config
