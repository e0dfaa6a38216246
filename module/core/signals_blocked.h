// SPDX-License-Identifier: GPL-2.0-or-later
// Exim's signal handlers belong to Exim's thread: a thread that starts while this lives inherits
// the mask and gets no signal (doc/decisions/0004, 0006).
#pragma once

#include <pthread.h>

#include <csignal>

namespace danesmtp {

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

}  // namespace danesmtp
