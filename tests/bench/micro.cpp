// SPDX-License-Identifier: GPL-2.0-or-later
// What the parts of a delivery take by themselves, in microseconds of the clock: one line a part,
// its name and the figure of each turn.
//
//   bench_micro TURNS CORE.so TRUST_ANCHOR CACHE DOMAIN CHAIN.pem TLSA
//
// "core": to open the core library, in a process that has GnuTLS as Exim has. "decision": from the
// cache to the policy of the host mx.DOMAIN; file and resolver are new each time, as in a new
// process. "verdict": on the chain, for that name and that record. CACHE belongs into a directory
// of the user that runs this, who is not root.
#include <dlfcn.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <variant>

#include "cache/file_store.h"
#include "dane/dane_verify.h"
#include "dane/tlsa_policy.h"
#include "dns/record_resolver.h"
#include "lookup/mx_lookup.h"
#include "lookup/tlsa_lookup.h"
#include "x509/gnutls_handles.h"

using namespace danesmtp;

namespace {

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "bench_micro: %s\n", what.c_str());
  std::exit(1);
}

template <class T>
T need(Result<T> result) {
  if (!result) die(result.error().text);
  return std::move(*result);
}

double microseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

void print(const char* part, int turns, const std::function<double()>& turn) {
  turn();
  std::printf("%s", part);
  for (int i = 0; i < turns; ++i) std::printf(" %.2f", turn());
  std::printf("\n");
}

// In a new process each time: a library is opened once in one.
double open_core(const char* path) {
  int ends[2];
  if (pipe(ends) != 0) die("pipe");
  const pid_t child = fork();
  if (child == 0) {
    void* core = nullptr;
    const double took = microseconds([&] { core = dlopen(path, RTLD_NOW | RTLD_LOCAL); });
    if (!core) die(dlerror());
    _exit(write(ends[1], &took, sizeof took) == sizeof took ? 0 : 1);
  }
  close(ends[1]);
  double took = 0;
  const bool told = read(ends[0], &took, sizeof took) == sizeof took;
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!told) die("the core cannot be opened");
  return took;
}

HostPolicy decide(const ResolverSettings& settings, const std::string& cache,
                  const std::string& domain) {
  FileStore store(cache, [](const std::string& why) { die(why); });
  ResolverSurroundings around;
  around.store = &store;
  const auto resolver = make_resolver(settings, around);
  look_up_domain(*resolver, need(DnsName::parse(domain)));
  const auto host = look_up_host(*resolver, need(DnsName::parse("mx." + domain)), 25);
  return host_policy(DaneWish::Try, MxTrust::Secure, host.tlsa);
}

PeerChain chain_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  const std::string pem = content.str();
  const gnutls_datum_t text = as_datum(as_bytes(pem));
  gnutls_x509_crt_t* certificates = nullptr;
  unsigned count = 0;
  if (gnutls_x509_crt_list_import2(&certificates, &count, &text, GNUTLS_X509_FMT_PEM, 0) < 0)
    die(path);
  PeerChain chain;
  for (unsigned i = 0; i < count; ++i) {
    gnutls_datum_t der{};
    gnutls_x509_crt_export2(certificates[i], GNUTLS_X509_FMT_DER, &der);
    chain.emplace_back(der.data, der.data + der.size);
    gnutls_free(der.data);
    gnutls_x509_crt_deinit(certificates[i]);
  }
  gnutls_free(certificates);
  return chain;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) die("usage: bench_micro TURNS CORE.so TRUST_ANCHOR CACHE DOMAIN CHAIN.pem TLSA");
  const int turns = static_cast<int>(std::strtol(argv[1], nullptr, 10));
  if (turns <= 0) die("TURNS is a number");
  print("core", turns, [&] { return open_core(argv[2]); });

  ResolverSettings settings;
  settings.trust_anchor_file = argv[3];
  print("decision", turns, [&] {
    return microseconds([&] {
      if (!std::holds_alternative<Authenticate>(decide(settings, argv[4], argv[5])))
        die("no DANE policy");
    });
  });

  const PeerChain chain = chain_of(argv[6]);
  const std::vector<TlsaRecord> records{need(parse_tlsa_text(argv[7]))};
  const std::vector<DnsName> names{need(DnsName::parse(std::string("mx.") + argv[5]))};
  print("verdict", turns, [&] {
    return microseconds([&] {
      if (!verify_dane({chain, records, names, wall_time()}).authenticated())
        die("not authenticated");
    });
  });
}
