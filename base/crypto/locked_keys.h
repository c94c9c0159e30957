// Where OpenSSL keeps the private halves of keys in memory.
#ifndef MUSTER_BASE_CRYPTO_LOCKED_KEYS_H_
#define MUSTER_BASE_CRYPTO_LOCKED_KEYS_H_

namespace muster::crypto {

// From now on, private keys of this process (of the authority, of listeners and connections) lie in
// pages of their own that are wiped when they are freed, have guards on both sides and stay out of
// swap space and hibernation images (OPENSSL_secure_malloc(3)). For the beginning of main, before any
// key is read. False when the system does not lock so much memory (RLIMIT_MEMLOCK): all but the last
// holds.
bool KeepKeysInLockedMemory();
// What it answered; false when it was never called.
bool KeysAreInLockedMemory();

}  // namespace muster::crypto

#endif  // MUSTER_BASE_CRYPTO_LOCKED_KEYS_H_
