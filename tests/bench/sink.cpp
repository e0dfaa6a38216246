// SPDX-License-Identifier: GPL-2.0-or-later
// A mail server that takes everything, as fast as it can, and keeps nothing: the receiver of
// benchmarks. One process, a thread a connection. TLS with tickets, so that clients can resume
// their sessions; where the chain is "-", no STARTTLS. What it counts is in a file of five numbers
// (see Counters), written while it runs.
//
//   bench_sink COUNTERS [ADDRESS CHAIN.pem]...
//
// Prints "ready" when all addresses listen.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

struct Counters {
  std::atomic<std::uint64_t> connections, handshakes, resumed, messages, octets;
};

struct Listener {
  int socket = -1;
  gnutls_certificate_credentials_t credentials = nullptr;  // none: no STARTTLS
};

Counters* counters = nullptr;
gnutls_datum_t ticket_key{};
constexpr std::string_view end_of_data = "\r\n.\r\n";

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

// A client, in clear or under TLS.
class Stream {
 public:
  explicit Stream(int socket) : socket_(socket) {}
  ~Stream() {
    if (session_) gnutls_deinit(session_);
    close(socket_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool start_tls(gnutls_certificate_credentials_t credentials) {
    gnutls_init(&session_, GNUTLS_SERVER);
    gnutls_set_default_priority(session_);
    gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_session_ticket_enable_server(session_, &ticket_key);
    gnutls_transport_set_int(session_, socket_);
    int result = 0;
    do result = gnutls_handshake(session_);
    while (result < 0 && !gnutls_error_is_fatal(result));
    if (result < 0) return false;
    ++counters->handshakes;
    if (gnutls_session_is_resumed(session_)) ++counters->resumed;
    return true;
  }

  bool under_tls() const { return session_ != nullptr; }

  // More of what the client says, appended. False at the end.
  bool read_more(std::string& input) {
    const std::size_t had = input.size();
    input.resize(had + 65536);
    ssize_t got = 0;
    do
      got = session_ ? gnutls_record_recv(session_, &input[had], 65536)
                     : recv(socket_, &input[had], 65536, 0);
    while (session_ && (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED));
    input.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
    return got > 0;
  }

  bool write(std::string& output) {
    std::size_t sent = 0;
    while (sent < output.size()) {
      const ssize_t n = session_ ? gnutls_record_send(session_, &output[sent], output.size() - sent)
                                 : send(socket_, &output[sent], output.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    output.clear();
    return true;
  }

 private:
  int socket_;
  gnutls_session_t session_ = nullptr;
};

bool is(std::string_view line, std::string_view verb) {
  return line.size() >= verb.size() && strncasecmp(line.data(), verb.data(), verb.size()) == 0;
}

// One client's conversation. Answers are collected while the client has more to say.
class Conversation {
 public:
  Conversation(const Listener& listener, int socket) : listener_(listener), stream_(socket) {}

  void run() {
    output_ = "220 sink.lab ESMTP\r\n";
    while (!done_) {
      const auto end = input_.find("\r\n");
      if (end == std::string::npos) {
        if (!stream_.write(output_) || !stream_.read_more(input_)) return;
        continue;
      }
      const std::string line = input_.substr(0, end);
      input_.erase(0, end + 2);
      answer(line);
    }
    stream_.write(output_);
  }

 private:
  void answer(std::string_view line) {
    if (is(line, "EHLO"))
      greet();
    else if (is(line, "STARTTLS"))
      secure();
    else if (is(line, "DATA"))
      take_data();
    else if (is(line, "BDAT"))
      take_chunk(line);
    else if (is(line, "QUIT"))
      output_ += "221 bye\r\n", done_ = true;
    else
      output_ += "250 ok\r\n";
  }

  void greet() {
    output_ += "250-sink.lab\r\n250-SIZE 500000000\r\n250-8BITMIME\r\n250-CHUNKING\r\n";
    if (listener_.credentials && !stream_.under_tls()) output_ += "250-STARTTLS\r\n";
    output_ += "250 PIPELINING\r\n";
  }

  void secure() {
    output_ += "220 go ahead\r\n";
    done_ = !listener_.credentials || !stream_.write(output_) ||
            !stream_.start_tls(listener_.credentials);
    input_.clear();
  }

  void take_data() {
    output_ += "354 go ahead\r\n";
    if (!stream_.write(output_)) done_ = true;
    while (!done_) {
      const auto end = input_.find(end_of_data);
      if (end != std::string::npos) return accept(end + end_of_data.size(), true);
      const std::size_t kept = std::min(input_.size(), end_of_data.size() - 1);
      take(input_.size() - kept);
      done_ = !stream_.read_more(input_);
    }
  }

  void take_chunk(std::string_view line) {
    std::size_t left = std::strtoull(line.data() + 4, nullptr, 10);
    const bool last =
        line.find("LAST") != std::string_view::npos || line.find("last") != std::string_view::npos;
    while (input_.size() < left) {
      left -= input_.size();
      take(input_.size());
      if (!stream_.read_more(input_)) {
        done_ = true;
        return;
      }
    }
    accept(left, last);
  }

  void accept(std::size_t octets, bool message_is_complete) {
    take(octets);
    if (message_is_complete) ++counters->messages;
    output_ += "250 ok\r\n";
  }

  void take(std::size_t octets) {
    input_.erase(0, octets);
    counters->octets += octets;
  }

  const Listener& listener_;
  Stream stream_;
  std::string input_, output_;
  bool done_ = false;
};

void serve(const Listener& listener) {
  for (;;) {
    const int client = accept4(listener.socket, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++counters->connections;
    std::thread([&listener, client] { Conversation(listener, client).run(); }).detach();
  }
}

Listener listener_at(const char* address, const std::string& chain) {
  Listener listener;
  if (chain != "-") {
    gnutls_certificate_allocate_credentials(&listener.credentials);
    if (gnutls_certificate_set_x509_key_file(listener.credentials, chain.c_str(), chain.c_str(),
                                             GNUTLS_X509_FMT_PEM) < 0)
      die(chain.c_str());
  }
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(25);
  if (inet_pton(AF_INET, address, &where.sin_addr) != 1) die(address);
  listener.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener.socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener.socket, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) die(address);
  if (listen(listener.socket, 512) != 0) die("listen");
  return listener;
}

Counters* shared_counters(const char* path) {
  const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0 || ftruncate(file, sizeof(Counters)) != 0) die(path);
  void* memory = mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) die(path);
  return static_cast<Counters*>(memory);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc % 2 != 0) {
    std::fprintf(stderr, "usage: bench_sink COUNTERS [ADDRESS CHAIN.pem]...\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  counters = shared_counters(argv[1]);
  gnutls_session_ticket_key_generate(&ticket_key);
  std::vector<Listener> listeners;
  for (int i = 2; i < argc; i += 2) listeners.push_back(listener_at(argv[i], argv[i + 1]));
  std::vector<std::thread> threads;
  threads.reserve(listeners.size());
  for (const auto& listener : listeners) threads.emplace_back(serve, std::cref(listener));
  std::printf("ready\n");
  std::fflush(stdout);
  for (auto& thread : threads) thread.join();
}
