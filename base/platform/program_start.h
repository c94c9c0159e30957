// What a program does before anything else because its system wants it so.
#ifndef MUSTER_BASE_PLATFORM_PROGRAM_START_H_
#define MUSTER_BASE_PLATFORM_PROGRAM_START_H_

#include <string>
#include <vector>

namespace muster {

// The arguments behind the program's name, in UTF-8. On Windows, where those of main are in a code
// page, also: the console shows UTF-8, and gRPC asks Windows for addresses (GRPC_DNS_RESOLVER=native
// unless the environment says otherwise), who knows of hosts files, domains and VPNs what gRPC's own
// resolver does not; and HOME is the user's profile. By main, first.
std::vector<std::string> StartProgram(int argc, char** argv);

}  // namespace muster

#endif  // MUSTER_BASE_PLATFORM_PROGRAM_START_H_
