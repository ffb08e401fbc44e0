// SPDX-License-Identifier: Apache-2.0
// URIs of WAMP, by its loose rule (basic profile, "URIs"), and the topics that they name: a realm's prefix, then the
// URI with '.' and '/' exchanged. What a URI cannot hold stands percent-encoded in it, in one spelling, so that two
// URIs never name the same topic, and each topic without empty segments has one:
//
//   com.example.news  ⇔  com/example/news       a/b.c  ⇔  a.b/c       chat%20message  ⇔  chat message
//
// Thread: any. Errors: values, in words for the peer.
#pragma once

#include <string>
#include <string_view>

#include "proto/session.h"
#include "proto/wamp2/realm.h"

namespace proto::wamp2 {

// Components that are not empty and hold no white space and no '#', parted by '.'.
[[nodiscard]] bool is_loose_uri(std::string_view uri);

// The topic that the URI names. An Error: the URI is none, or is WAMP's own, or the topic is none.
[[nodiscard]] Answer<std::string> topic_of(const Realm& realm, std::string_view uri);

}  // namespace proto::wamp2
