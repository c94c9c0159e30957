#include "base/http/curl_mail.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/http/transport_error.h"

namespace muster::http {
namespace {

// What could end a line of SMTP, or an address in it.
bool IsPlain(absl::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == 0x7f;
  });
}

size_t DropBody(char*, size_t size, size_t count, void*) { return size * count; }

}  // namespace

absl::Status CheckCurlMail(const Mail& mail) {
  const bool tls = absl::StartsWith(mail.relay, "smtps://");
  if ((!tls && !absl::StartsWith(mail.relay, "smtp://")) || !IsPlain(mail.relay)) {
    return InvalidRequest("a mail relay is smtp://HOST:PORT or smtps://HOST:PORT");
  }
  if (mail.recipients.empty() || !IsPlain(mail.sender) ||
      !std::all_of(mail.recipients.begin(), mail.recipients.end(), IsPlain)) {
    return InvalidRequest("a mail goes from one plain address to others");
  }
  if (!mail.user.empty() && !tls && !mail.require_tls) {
    return InvalidRequest("no password travels without TLS");
  }
  return absl::OkStatus();
}

CurlMail::CurlMail(CURL* curl, const Mail& mail, const std::atomic<bool>& stopped)
    : curl_(curl), mail_(mail), stopped_(stopped) {
  curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl_, CURLOPT_URL, mail_.relay.c_str());
  curl_easy_setopt(curl_, CURLOPT_PROXY, "");  // Not the environment's.
  curl_easy_setopt(curl_, CURLOPT_CONNECTTIMEOUT_MS, CurlMilliseconds(mail_.connect_timeout));
  curl_easy_setopt(curl_, CURLOPT_TIMEOUT_MS, CurlMilliseconds(mail_.total_timeout));
  curl_easy_setopt(curl_, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl_, CURLOPT_FORBID_REUSE, 1L);
  SetCurlTls(curl_, mail_.tls);
  curl_easy_setopt(curl_, CURLOPT_USE_SSL,
                   static_cast<long>(mail_.require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  if (!mail_.user.empty()) {
    curl_easy_setopt(curl_, CURLOPT_USERNAME, mail_.user.c_str());
    std::string password(mail_.password.Reveal());
    curl_easy_setopt(curl_, CURLOPT_PASSWORD, password.c_str());
    Wipe(password);
  }
  curl_easy_setopt(curl_, CURLOPT_MAIL_FROM, absl::StrCat("<", mail_.sender, ">").c_str());
  for (const std::string& recipient : mail_.recipients) {
    recipients_ = curl_slist_append(recipients_, absl::StrCat("<", recipient, ">").c_str());
  }
  curl_easy_setopt(curl_, CURLOPT_MAIL_RCPT, recipients_);
  curl_easy_setopt(curl_, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl_, CURLOPT_READFUNCTION, &OnRead);
  curl_easy_setopt(curl_, CURLOPT_READDATA, this);
  curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &DropBody);
  curl_easy_setopt(curl_, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl_, CURLOPT_XFERINFOFUNCTION, &OnProgress);
  curl_easy_setopt(curl_, CURLOPT_XFERINFODATA, this);
  if (mail_.public_addresses_only) sockets_.Guard(curl_);
}

CurlMail::~CurlMail() { curl_slist_free_all(recipients_); }

size_t CurlMail::OnRead(char* out, size_t size, size_t count, void* self) {
  auto& mail = *static_cast<CurlMail*>(self);
  const size_t bytes = std::min(size * count, mail.mail_.content.size() - mail.sent_);
  std::memcpy(out, mail.mail_.content.data() + mail.sent_, bytes);
  mail.sent_ += bytes;
  return bytes;
}

int CurlMail::OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<CurlMail*>(self)->stopped_.load(std::memory_order_relaxed) ? 1 : 0;
}

absl::StatusOr<Response> CurlMail::Finish(CURLcode code) {
  long reply = 0;
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &reply);
  Response response;
  response.status = static_cast<int>(reply);
  if (code == CURLE_OK) {
    response.status = 250;  // What came last may be the answer to QUIT.
    return response;
  }
  const std::string why = error_text_[0] != '\0' ? std::string(error_text_.data())
                                                 : std::string(curl_easy_strerror(code));
  const std::string text = absl::StrCat("MAIL ", mail_.relay, ": ", why);
  if (sockets_.refused()) {
    return MakeTransportError(TransportError::kForbidden, false,
                              absl::StrCat("MAIL ", mail_.relay, ": it has no public address"));
  }
  if (code == CURLE_LOGIN_DENIED) {
    response.status =
        reply >= 400 ? static_cast<int>(reply) : 535;  // What came last may be another's.
    response.body = why;
    return response;
  }
  switch (code) {
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_REMOTE_ACCESS_DENIED:
      if (reply >= 400) {
        response.body = why;
        return response;
      }
      break;
    default:
      break;
  }
  return MakeTransportError(CurlKindOf(code), sent_ > 0, text);
}

}  // namespace muster::http
