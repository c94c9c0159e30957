// Addresses of hubs: one spelling for one place, whatever was written; that spelling is stable,
// printable and holds nothing that its parts do not say.
#include <cstdint>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "base/host.h"
#include "base/http/url.h"
#include "tests/fuzz/promises.h"
#include "worker/service/service_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace muster;
  using fuzz::Require;
  const absl::string_view text = fuzz::TextOf(data, size);
  const auto host = CanonicalHost(text);
  if (host.ok()) {
    const auto again = CanonicalHost(*host);
    Require(again.ok() && *again == *host, "a host's spelling is stable");
    static_cast<void>(IsThisMachine(*host));
  } else {
    fuzz::RequireLine(host.status().message(), 300, "why a host is refused");
  }
  const auto url = http::Url::Parse(text);
  const auto address = http::CanonicalAddress(text);
  Require(!address.ok() || url.ok(), "an address is a URL");
  worker::NormalizeHubUrl(std::string(text));
  if (!url.ok()) {
    Require(absl::IsInvalidArgument(url.status()), "a bad URL is the caller's fault");
    fuzz::RequireLine(url.status().message(), 300, "why a URL is refused");
    return 0;
  }
  const std::string canonical = url->ToString();
  fuzz::RequireLine(canonical, 3 * size + 64, "a URL's spelling");
  Require(absl::c_all_of(canonical, [](char c) { return c > ' ' && c <= '~'; }),
          "a URL's spelling is ASCII without blanks");
  const auto again = http::Url::Parse(canonical);
  Require(again.ok() && *again == *url && again->ToString() == canonical,
          "a URL's spelling is stable");
  Require(url->port() > 0 && url->port() <= 65535, "a port is one");
  Require(url->path().empty() || url->path()[0] == '/', "a path begins with a slash");
  Require(!absl::StrContains(absl::StrCat(url->path(), "/"), "/../"), "a path goes nowhere up");
  Require(!absl::StrContains(url->host(), '@') && !absl::StrContains(url->host(), '/'),
          "a host is a host");
  const auto place = CanonicalHost(url->host());
  Require(place.ok() && *place == url->host(), "a URL's host is in its one spelling");
  const http::Url joined = url->Join("api/v1/x").AddQuery("q", text);
  const auto joined_again = http::Url::Parse(joined.ToString());
  Require(joined_again.ok() && joined_again->Origin() == url->Origin(),
          "what is added leads to no other host");
  if (!address.ok()) return 0;
  Require(http::PlaceOf(*address) == http::PlaceOf(text), "one place, however it is written");
  Require(worker::NormalizeHubUrl(*address) == *address &&
              worker::NormalizeHubUrl(std::string(text)) == *address,
          "worker and orchestrator agree where an address leads");
  return 0;
}
