// The `certify` command line program, as far as joining goes (row L-14, certify.md 2):
// positional arguments, output that is the only signal, exit code 0 also for a refused join.
#ifndef MUSTER_TESTS_DOUBLES_SERVICE_CERTIFY_CLI_H_
#define MUSTER_TESTS_DOUBLES_SERVICE_CERTIFY_CLI_H_

#include <ostream>
#include <string>
#include <vector>

namespace muster::doubles {

// `args` without the program's name: hub join <url> <client id> <secret>; more are ignored. The
// service is found through serviceconfig.json in `app_data` (the program takes
// CERTIFY_APPDATA_PATH). The exit code: 0, or -1 when the service does not answer, 1 when it
// answers something else than 200.
int RunCertify(const std::vector<std::string>& args, const std::string& app_data,
               std::ostream& out);

}  // namespace muster::doubles

#endif  // MUSTER_TESTS_DOUBLES_SERVICE_CERTIFY_CLI_H_
