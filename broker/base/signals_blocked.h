// SPDX-License-Identifier: Apache-2.0
// While it lives, threads that are started take no signals: those are for the thread that waits for them, main's.
// Thread: the one that starts the others; its own mask is as before afterwards.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace broker::base {

class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace broker::base
