// What the worker knows of the machine without asking anybody, and where things are on it.
#ifndef MUSTER_WORKER_PLATFORM_MACHINE_H_
#define MUSTER_WORKER_PLATFORM_MACHINE_H_

#include <string>

#include "muster/types/v1/facts.pb.h"

namespace muster::worker {

// Reads a few small files; cheap. Fields that the system does not tell are empty.
types::v1::MachineFacts ReadMachineFacts();

// Lower-case hex SHA-256 of what the system calls its present run, so that two machines with one
// identity can be told apart; empty where it has no name for it.
std::string ReadBootHash();

// Where the worker keeps its identity and journal: "/var/lib/muster-worker".
std::string DefaultDataDirectory();

// The Certify service's app data folder where no variable names another (certify.md 1.1).
std::string DefaultAppDataFolder();

// A directory for locks between the workers of this machine, in which only root or the workers'
// account can make names (a lock that anybody can open, anybody can hold); `fallback`, a directory
// of the caller's own, where there is none.
std::string LockDirectory(const std::string& fallback);

// Path of the service's command line program; empty where the vendor documents none (certify.md 2).
std::string DefaultCliPath();

// Name under which the service manager knows the Certify service.
std::string DefaultServiceUnit();

// Whether the service's API asks for Negotiate here (certify.md 1.2).
bool ServiceWantsNegotiate();

}  // namespace muster::worker

#endif  // MUSTER_WORKER_PLATFORM_MACHINE_H_
