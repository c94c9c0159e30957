// The yardstick: a gRPC callback server with the product's Session streams over mutual TLS and
// nothing behind them. No store, no registry, no checks: what it does per second is what gRPC
// itself can do on this machine.
//
//   stdin        stdout
//                listening <port>
//   run <k>      done <commands> <microseconds>   every stream got k commands, one at a time
#ifndef MUSTER_TESTS_BENCH_LOAD_BARE_SERVER_H_
#define MUSTER_TESTS_BENCH_LOAD_BARE_SERVER_H_

#include <string>

namespace muster::bench {

// Runs until standard input ends; returns the exit code. `tls_folder` holds ca.pem, server.pem and
// server.key.
int RunBareServer(const std::string& tls_folder);

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_LOAD_BARE_SERVER_H_
