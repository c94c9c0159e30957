#include "orchestrator/evidence/pack_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/crypto/digest.h"
#include "base/status_macros.h"

namespace muster::evidence {
namespace {

using nlohmann::json;

constexpr char kMomentForm[] = "%Y-%m-%dT%H:%M:%E6SZ";
constexpr size_t kEventFields = 8;
constexpr size_t kMostSignatureBytes = 80;
constexpr char kFormat[] = "muster evidence 1";
constexpr char kSignatureWords[] = "muster evidence signature 1 ";

void AppendNumber(std::string& out, int64_t value) {
  const auto bits = static_cast<uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
}

std::string Escaped(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '|' || c == '\\') {
      absl::StrAppendFormat(&out, "\\0%03o", byte);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// Of what Escaped wrote; whoever asks compares with that.
std::string Unescaped(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 4 >= text.size()) {
      out.push_back(text[i]);
      continue;
    }
    int byte = 0;
    for (size_t digit = i + 2; digit <= i + 4; ++digit) byte = byte * 8 + (text[digit] - '0');
    out.push_back(static_cast<char>(byte));
    i += 4;
  }
  return out;
}

bool IsLowerHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c)) || (c >= 'a' && c <= 'f');
  });
}

std::string Quoted(absl::string_view field) {
  std::string out = "\"";
  // What begins so is a formula to a spreadsheet.
  if (!field.empty() && absl::StrContains("=+-@", field.substr(0, 1))) out.push_back('\'');
  for (const char c : field) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::string JsonText(absl::string_view text) {
  return json(std::string(text)).dump(-1, ' ', false, json::error_handler_t::replace);
}

absl::Status NoManifest() {
  return absl::InvalidArgumentError("the manifest is not one that Muster writes");
}

std::string TextIn(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t NumberIn(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : -1;
}

}  // namespace

std::string MomentText(absl::Time time) {
  return absl::FormatTime(kMomentForm, time, absl::UTCTimeZone());
}

bool ParseMoment(absl::string_view text, absl::Time& time) {
  std::string ignored;
  return absl::ParseTime(kMomentForm, text, absl::UTCTimeZone(), &time, &ignored) &&
         MomentText(time) == text;
}

std::string LinkOf(absl::string_view before, const PackEvent& event) {
  std::string bytes(before);
  AppendNumber(bytes, event.sequence);
  AppendNumber(bytes, absl::ToUnixMicros(event.time));
  for (const std::string* text :
       {&event.actor, &event.action, &event.subject, &event.tenant, &event.detail}) {
    AppendNumber(bytes, static_cast<int64_t>(text->size()));
    bytes += *text;
  }
  return crypto::Sha256(bytes);
}

std::string LineOf(const PackEvent& event) {
  std::string line = absl::StrCat(event.sequence, "|", MomentText(event.time));
  for (const std::string* text :
       {&event.actor, &event.action, &event.subject, &event.tenant, &event.detail}) {
    absl::StrAppend(&line, "|", Escaped(*text));
  }
  absl::StrAppend(&line, "|", absl::BytesToHexString(event.link));
  return line;
}

absl::StatusOr<PackEvent> ParseEvent(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, '|');
  PackEvent event;
  if (fields.size() == kEventFields && absl::SimpleAtoi(fields[0], &event.sequence) &&
      ParseMoment(fields[1], event.time) && IsLowerHex(fields[7]) &&
      (fields[7].empty() || fields[7].size() == 2 * kLinkBytes)) {
    event.actor = Unescaped(fields[2]);
    event.action = Unescaped(fields[3]);
    event.subject = Unescaped(fields[4]);
    event.tenant = Unescaped(fields[5]);
    event.detail = Unescaped(fields[6]);
    event.link = absl::HexStringToBytes(fields[7]);
    if (LineOf(event) == line) return event;
  }
  return absl::InvalidArgumentError("not an event as Muster writes it");
}

std::string ReceiptHeader() {
  return "server_id,server,zone,enrollment,join_attempt,attempt_sent,hub_record,hub_title,"
         "hub_internal_id,matched_by,hub_last_reported,last_proven,audit_event,sha256";
}

std::string ReceiptLine(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    absl::StrAppend(&line, line.empty() ? "" : ",", Quoted(field));
  }
  absl::StrAppend(&line, ",", crypto::Sha256Hex(line));
  return line;
}

bool IsReceiptLine(absl::string_view line) {
  const size_t comma = line.rfind(',');
  return comma != absl::string_view::npos &&
         crypto::Sha256Hex(line.substr(0, comma)) == line.substr(comma + 1);
}

std::string FormatManifest(const Manifest& manifest) {
  std::string out = "{\n";
  const auto text = [&out](const char* name, absl::string_view value) {
    absl::StrAppend(&out, "  \"", name, "\": ", JsonText(value), ",\n");
  };
  const auto number = [&out](const char* name, int64_t value) {
    absl::StrAppend(&out, "  \"", name, "\": ", value, ",\n");
  };
  text("format", kFormat);
  text("tenant", manifest.tenant);
  text("since", MomentText(manifest.since));
  text("made", MomentText(manifest.made));
  text("taken_by", manifest.taken_by);
  text("muster_version", manifest.muster_version);
  text("orchestrator", manifest.orchestrator);
  text("key", manifest.key);
  number("events", manifest.events);
  number("events_without_link", manifest.events_without_link);
  number("first_event", manifest.first_event);
  number("last_event", manifest.last_event);
  text("link_before", manifest.link_before);
  text("link", manifest.link);
  number("receipts", manifest.receipts);
  absl::StrAppend(&out, "  \"files\": [");
  const char* comma = "\n";
  for (const PackFile& file : manifest.files) {
    absl::StrAppend(&out, comma, "    {\"name\": ", JsonText(file.name),
                    ", \"bytes\": ", file.bytes, ", \"sha256\": ", JsonText(file.sha256), "}");
    comma = ",\n";
  }
  absl::StrAppend(&out, "\n  ]\n}\n");
  return out;
}

absl::StatusOr<Manifest> ParseManifest(absl::string_view text) {
  const json read = json::parse(text.begin(), text.end(), nullptr, false);
  if (!read.is_object()) return NoManifest();
  Manifest manifest;
  manifest.tenant = TextIn(read, "tenant");
  manifest.taken_by = TextIn(read, "taken_by");
  manifest.muster_version = TextIn(read, "muster_version");
  manifest.orchestrator = TextIn(read, "orchestrator");
  manifest.key = TextIn(read, "key");
  manifest.events = NumberIn(read, "events");
  manifest.events_without_link = NumberIn(read, "events_without_link");
  manifest.first_event = NumberIn(read, "first_event");
  manifest.last_event = NumberIn(read, "last_event");
  manifest.link_before = TextIn(read, "link_before");
  manifest.link = TextIn(read, "link");
  manifest.receipts = NumberIn(read, "receipts");
  const auto files = read.find("files");
  if (!ParseMoment(TextIn(read, "since"), manifest.since) ||
      !ParseMoment(TextIn(read, "made"), manifest.made) || files == read.end() ||
      !files->is_array()) {
    return NoManifest();
  }
  for (const json& file : *files) {
    if (!file.is_object()) return NoManifest();
    manifest.files.push_back(
        {TextIn(file, "name"), NumberIn(file, "bytes"), TextIn(file, "sha256")});
  }
  if (FormatManifest(manifest) != text) return NoManifest();
  return manifest;
}

std::string SignedText(absl::string_view sha256) {
  return absl::StrCat("muster evidence pack 1: ", sha256, "\n");
}

std::string SignatureBlock(absl::string_view signature) {
  if (signature.size() > kMostSignatureBytes) return "";
  std::string block = absl::StrCat(kSignatureWords, absl::BytesToHexString(signature));
  block.resize(kBlock - 1, ' ');
  block.push_back('\n');
  return block;
}

absl::StatusOr<std::string> ParseSignatureBlock(absl::string_view block) {
  const absl::string_view words = kSignatureWords;
  if (block.size() == kBlock && absl::StartsWith(block, words)) {
    const absl::string_view rest = block.substr(words.size());
    const absl::string_view hex = rest.substr(0, rest.find(' '));
    if (hex.size() % 2 == 0 && hex.size() <= 2 * kMostSignatureBytes && IsLowerHex(hex)) {
      std::string signature = absl::HexStringToBytes(hex);
      if (SignatureBlock(signature) == block) return signature;
    }
  }
  return absl::InvalidArgumentError("the signature is not in the form that Muster writes");
}

}  // namespace muster::evidence
