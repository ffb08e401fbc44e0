// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/request.h"

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "broker/base/strings.h"

namespace broker::admin {

Answer error_answer(int status, std::string_view message) {
  return {.status = status, .body = absl::StrFormat("{\"error\":{\"code\":%d,\"message\":\"%s\"}}\n", status, message)};
}

Answer wrong_method(std::string_view methods) {
  const std::string listed(methods);
  Answer answer = error_answer(405, absl::StrReplaceAll(listed, {{", ", " and "}}) + " only");
  answer.extra_header_name = "Allow";
  answer.extra_header_value = listed;
  return answer;
}

}  // namespace broker::admin
