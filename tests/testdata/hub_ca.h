// A certificate authority of no hub, and its key: what operators hand in as CA files.
#ifndef MUSTER_TESTS_TESTDATA_HUB_CA_H_
#define MUSTER_TESTS_TESTDATA_HUB_CA_H_

namespace muster {

inline constexpr char kHubCaPem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBgjCCASmgAwIBAgIUM3vz7W6K/TZyGEMI1zSIs1bf91wwCgYIKoZIzj0EAwIw\n"
    "FjEUMBIGA1UEAwwLSHViIFRlc3QgQ0EwIBcNMjYxMTI3MDQyOTQ4WhgPMjEyNjEx\n"
    "MDMwNDI5NDhaMBYxFDASBgNVBAMMC0h1YiBUZXN0IENBMFkwEwYHKoZIzj0CAQYI\n"
    "KoZIzj0DAQcDQgAEFKb0vKN5gahNAzgSwrTlZ59Lmb/Tzv1TgYuzFZBEuZybkLXM\n"
    "sCJcuU/if/c6zs/AHGEIYpM//W37mNSDAsZgdKNTMFEwHQYDVR0OBBYEFHzWEsx4\n"
    "6fBqe5IRpF/IFceOemr9MB8GA1UdIwQYMBaAFHzWEsx46fBqe5IRpF/IFceOemr9\n"
    "MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgZlac/5OWDYMbEH5o\n"
    "+5IFhBSMx78vIBkzfgUT6/Fea8wCIDVKBV6DD0VWUu0Rm6kIcplP9np3X71Fw7xB\n"
    "GUHLy4hS\n"
    "-----END CERTIFICATE-----\n";

inline constexpr char kHubCaKeyPem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgR6QXM8laGRM4fL0x\n"
    "o2n67nTUM2VKDN9cll8zWoQUP26hRANCAAQUpvS8o3mBqE0DOBLCtOVnn0uZv9PO\n"
    "/VOBi7MVkES5nJuQtcywIly5T+J/9zrOz8AcYQhikz/9bfuY1IMCxmB0\n"
    "-----END PRIVATE KEY-----\n";

}  // namespace muster

#endif  // MUSTER_TESTS_TESTDATA_HUB_CA_H_
