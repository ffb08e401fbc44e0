// SPDX-License-Identifier: Apache-2.0
#include "broker/net/tls_bio.h"

#include <openssl/bio.h>

#include <algorithm>
#include <cstring>

#include "broker/base/check.h"

namespace broker::net {
namespace {

TlsStream& stream_of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

int read_input(BIO* bio, char* out, std::size_t wanted, std::size_t* got) {
  TlsStream& stream = stream_of(bio);
  BIO_clear_retry_flags(bio);
  *got = std::min(wanted, stream.input.size());
  if (*got == 0) {
    BIO_set_retry_read(bio);  // more may come: this is no end of stream, which the connection sees for itself
    return 0;
  }
  std::memcpy(out, stream.input.data(), *got);
  stream.input = stream.input.subspan(*got);
  return 1;
}

int write_output(BIO* bio, const char* bytes, std::size_t count, std::size_t* written) {
  BIO_clear_retry_flags(bio);
  stream_of(bio).output.append(bytes, count);
  *written = count;
  return 1;
}

long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;  // OpenSSL takes a flush that fails for a dead socket
}

}  // namespace

OpensslHandle<bio_method_st> make_stream_method() {
  // The plain type, and not one of BIO_get_new_index(): those run out after 127.
  OpensslHandle<bio_method_st> method(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "kodama stream"));
  KODAMA_CHECK(method != nullptr);
  BIO_meth_set_read_ex(method.get(), read_input);
  BIO_meth_set_write_ex(method.get(), write_output);
  BIO_meth_set_ctrl(method.get(), control);
  return method;
}

OpensslHandle<bio_st> make_stream_bio(const bio_method_st& method, TlsStream& stream) {
  OpensslHandle<bio_st> bio(BIO_new(&method));
  KODAMA_CHECK(bio != nullptr);
  BIO_set_data(bio.get(), &stream);
  BIO_set_init(bio.get(), 1);
  return bio;
}

}  // namespace broker::net
