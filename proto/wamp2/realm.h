// SPDX-License-Identifier: Apache-2.0
// A realm of WAMP: what a session names in its HELLO, and what the topics of the session begin with.
// Thread: any; constant.
#pragma once

#include <string>

namespace proto::wamp2 {

struct Realm {
  std::string name;
  std::string prefix;  // put before each topic, as it is
};

}  // namespace proto::wamp2
