#include "base/plain_words.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_split.h"

namespace muster {
namespace {

// By what they are from: English, HTTP and TLS, certify.md 1.5 and 4, .NET's exceptions, proxies.
constexpr absl::string_view kWordsOfMessages =
    "able about access again all allow allowed already also although always an and another any are "
    "as "
    "ask asked at be became because been before being below between both but by call called can "
    "cannot "
    "cause caused change changed check checked close closed come complete completed contact "
    "contains "
    "content correct could current currently data date day days denied did different do does done "
    "due "
    "during each either else empty enable enabled end ended enough error errors even exist "
    "existing "
    "exists expect expected expired expires fail failed failing fails failure false fault few file "
    "find "
    "first for format found from full further get gave give given go had has have hours how if in "
    "incorrect information inner input inside instead internal into invalid is issue it its just "
    "know "
    "known last later least length less level like limit limited limits list local locked log logs "
    "long "
    "longer lost made make many match matched max maximum may message messages method minutes "
    "missing "
    "more most must name named names near need needed needs never new next no none nor not nothing "
    "now "
    "null number occurred of off often old on once one only open operation or other others our out "
    "over "
    "own page parameter part pending perform permission permitted please point possible present "
    "problem "
    "problems process processed processing provide provided question reached read ready reason "
    "received "
    "recognized refused reject rejected repeat replied reply report request requested requests "
    "required "
    "requires resource response result retry return returned reason right rule same second seconds "
    "see "
    "seems send sent set several should since size slow so some something start started state "
    "status still "
    "stop stopped such supplied support supported system temporarily than that the their them then "
    "there "
    "these they this those through time times to too took tried true try trying twice two type "
    "unable "
    "under unexpected unhandled unknown unless until up upgrade upgraded use used user users using "
    "valid value "
    "values very via wait was way we were what when where whether which while who will with within "
    "without "
    "word wrong yes yet you your something entirely odd bad "
    // HTTP, TLS and networks.
    "accept address api app application auth authentication authority authorization authorized "
    "basic "
    "bearer body broken browser busy ca cert certificate certificates chain cipher client code "
    "common "
    "conflict connect connected connecting connection connections cookie credential credentials "
    "credit dns domain down endpoint entity error established establish exceeded expectation "
    "external "
    "forbidden gateway handshake header headers host hostname hosts html http https id identity "
    "implemented insecure ip json key keys large license licence listening login media moved "
    "negotiate net network nginx nodename apache iis cloudflare envoy haproxy traefik varnish "
    "overloaded password path payload peer permanently port prematurely protocol proxy quota rate "
    "redirect refuses remote reset resolution resolve role roles root route routing scope secret "
    "self "
    "server servers service services servname session shutdown signed signature site socket ssl "
    "stream "
    "subject suspended target temporary terminated timed timeout timestamp tls token tokens "
    "throttled transport trust trusted trustfailure unauthorized unauthenticated unavailable "
    "unprocessable unreachable unsupported untrusted upstream uri url username verification verify "
    "version "
    "web actively machine example redacted "
    // The Certify service and its hub (certify.md).
    "action assigned associated certify created disabled hub hubassignedid instance instances join "
    "joined joining management managed managedinstance managementhub manager known recognized "
    "register "
    "registered registration rejoin rejoining revoked successful security principal viewer admin "
    "administrator "
    // .NET's exceptions and their texts.
    "exception system aggregateexception argumentexception argumentnullexception "
    "authenticationexception "
    "formatexception httprequestexception invalidoperationexception ioexception jsonexception "
    "jsonreaderexception notsupportedexception nullreferenceexception operationcanceledexception "
    "socketexception taskcanceledexception timeoutexception unauthorizedaccessexception "
    "uriformatexception "
    "remotecertificatechainerrors remotecertificatenamemismatch remotecertificatenotavailable "
    "remotecertificateinvalid partialchain untrustedroot notvalid nottimevalid revocation "
    "revocationstatusunknown "
    "object reference determined canceled cancelled task stack trace thrown determine "
    "sockets threading tasks newtonsoft io";

}  // namespace

bool IsPlainWord(absl::string_view word) {
  static const auto& words = *new absl::flat_hash_set<absl::string_view>(
      absl::StrSplit(kWordsOfMessages, ' ', absl::SkipEmpty()));
  return words.contains(word);
}

}  // namespace muster
