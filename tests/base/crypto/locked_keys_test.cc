// Private keys lie in memory that the system does not write to swap space.
#include "base/crypto/locked_keys.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crypto/key.h"

namespace muster::crypto {
namespace {

// OpenSSL decides once for a process: in one of its own.
template <typename Check>
int InAnotherProcess(Check check) {
  const pid_t child = fork();
  if (child == 0) _exit(check());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(LockedKeysTest, KeysOfOursAreThere) {
  EXPECT_EQ(InAnotherProcess([] {
              const bool locked = KeepKeysInLockedMemory();
              const size_t before = CRYPTO_secure_used();
              const auto key = PrivateKey::Generate();
              if (!key.ok()) return 1;
              const auto again = PrivateKey::FromPem(*key->ToPem());
              if (!again.ok() || !(again->public_key() == key->public_key())) return 2;
              if (CRYPTO_secure_used() < before + 2 * 32) return 3;
              return locked == KeysAreInLockedMemory() ? 0 : 4;
            }),
            0);
}

TEST(LockedKeysTest, WhereNothingMayBeLockedKeysWorkAllTheSame) {
  EXPECT_EQ(InAnotherProcess([] {
              const rlimit none = {0, 0};
              constexpr uid_t kNobody = 65534;  // Root may lock what it likes.
              if (geteuid() == 0 && setuid(kNobody) != 0) return 9;
              if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) return 1;
              if (KeepKeysInLockedMemory() || KeysAreInLockedMemory()) return 2;
              return PrivateKey::Generate().ok() ? 0 : 3;
            }),
            0);
}

}  // namespace
}  // namespace muster::crypto
