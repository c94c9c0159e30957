#include "orchestrator/evidence/pack_check.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/crypto/digest.h"
#include "base/crypto/key.h"
#include "base/crypto/signature.h"
#include "base/status_macros.h"

namespace muster::evidence {
namespace {

constexpr size_t kPiece = 64 << 10;
constexpr size_t kMostLineBytes = 256 << 10;
constexpr size_t kMostKeyBytes = 4 << 10;
constexpr size_t kMostMembers = 64;

struct Member {
  std::string name;
  int64_t at = 0;  // Where its content begins.
  int64_t bytes = 0;
};

using Take = std::function<void(absl::string_view piece)>;
using TakeLine = std::function<void(absl::string_view line)>;

// A pack while it is read. Every error is a sentence about the pack.
class PackReader {
 public:
  explicit PackReader(const std::string& path) : file_(path, std::ios::binary | std::ios::ate) {
    size_ = file_ ? static_cast<int64_t>(file_.tellg()) : -1;
  }
  bool open() const { return size_ >= 0; }
  int64_t size() const { return size_; }
  const std::vector<Member>& members() const { return members_; }

  absl::Status Read(int64_t at, int64_t bytes, const Take& take) {
    file_.clear();
    file_.seekg(at);
    std::string piece;
    while (bytes > 0) {
      piece.resize(static_cast<size_t>(std::min<int64_t>(bytes, kPiece)));
      file_.read(piece.data(), static_cast<std::streamsize>(piece.size()));
      if (file_.gcount() != static_cast<std::streamsize>(piece.size())) {
        return absl::DataLossError("It ends too early.");
      }
      take(piece);
      bytes -= static_cast<int64_t>(piece.size());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ReadAll(const Member& member, size_t most) {
    if (member.bytes > static_cast<int64_t>(most)) {
      return absl::DataLossError(absl::StrCat("Its file ", member.name, " is too long."));
    }
    std::string content;
    RETURN_IF_ERROR(Read(member.at, member.bytes,
                         [&content](absl::string_view piece) { content += std::string(piece); }));
    return content;
  }

  absl::Status ReadLines(const Member& member, const TakeLine& take) {
    std::string rest;
    bool long_line = false;
    RETURN_IF_ERROR(Read(member.at, member.bytes, [&](absl::string_view piece) {
      rest.append(piece.data(), piece.size());
      size_t begin = 0;
      for (size_t end; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1) {
        take(absl::string_view(rest).substr(begin, end - begin));
      }
      rest.erase(0, begin);
      long_line = long_line || rest.size() > kMostLineBytes;
      if (long_line) rest.clear();
    }));
    if (rest.empty() && !long_line) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("Its file ", member.name, " has a line without end."));
  }

  // The files inside, up to the end of the signature.
  absl::Status List() {
    const int64_t end = size_ - static_cast<int64_t>(kEnd);
    for (int64_t at = 0; at < end;) {
      std::string header;
      RETURN_IF_ERROR(
          Read(at, kBlock, [&](absl::string_view piece) { header = std::string(piece); }));
      ASSIGN_OR_RETURN(Member member, ParseHeader(header));
      member.at = at + static_cast<int64_t>(kBlock);
      const auto block = static_cast<int64_t>(kBlock);
      at = member.at + (member.bytes + block - 1) / block * block;
      members_.push_back(std::move(member));
      if (at > end || members_.size() > kMostMembers) {
        return absl::DataLossError("It is no archive as Muster writes it.");
      }
    }
    return absl::OkStatus();
  }

 private:
  // What the signature covers needs no more checks than it takes to find the files.
  static absl::StatusOr<Member> ParseHeader(const std::string& header) {
    Member member;
    const absl::string_view name(header.data(), ::strnlen(header.data(), 100));
    member.name = std::string(name);
    const absl::string_view size = absl::string_view(header).substr(124, 11);
    for (const char digit : size) {
      if (digit < '0' || digit > '7') return absl::DataLossError("It is no archive of Muster's.");
      member.bytes = member.bytes * 8 + (digit - '0');
    }
    if (header[156] != '0' || !absl::StartsWith(absl::string_view(header).substr(257), "ustar") ||
        header[345] != '\0' || member.name.empty()) {
      return absl::DataLossError("It is no archive of Muster's.");
    }
    return member;
  }

  std::ifstream file_;
  int64_t size_ = -1;
  std::vector<Member> members_;
};

std::string Counted(int64_t count, absl::string_view what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

class Check {
 public:
  Check(PackReader& pack, std::string pinned) : pack_(pack), pinned_(std::move(pinned)) {}

  // What is built on something that does not hold is not looked at.
  absl::Status Run() {
    RETURN_IF_ERROR(Open());
    RETURN_IF_ERROR(CheckKey());
    RETURN_IF_ERROR(CheckSignature());
    RETURN_IF_ERROR(CheckFiles());
    RETURN_IF_ERROR(CheckEvents());
    return CheckReceipts();
  }

  // Whether the chain holds this event with this link, or begins right behind it.
  bool Holds(int64_t sequence, const std::string& link) const {
    if (manifest_.link_before == link) return true;
    const auto found = links_.find(sequence);
    return found != links_.end() && absl::BytesToHexString(found->second) == link;
  }
  // So that Holds can tell.
  void Remember(int64_t sequence) { remembered_ = sequence; }

  const Manifest& manifest() const { return manifest_; }
  std::vector<std::string>& remarks() { return remarks_; }

 private:
  const Member* Find(absl::string_view name) const {
    const auto& members = pack_.members();
    const auto found = std::find_if(members.begin(), members.end(),
                                    [name](const Member& member) { return member.name == name; });
    return found == members.end() ? nullptr : &*found;
  }

  absl::Status Open() {
    const auto blocks = static_cast<int64_t>(kBlock);
    if (pack_.size() % blocks != 0 || pack_.size() < 6 * blocks) {
      return absl::DataLossError("It is no evidence pack, or it is cut off.");
    }
    bool zeros = true;
    RETURN_IF_ERROR(pack_.Read(pack_.size() - static_cast<int64_t>(kEnd), kEnd,
                               [&zeros](absl::string_view piece) {
                                 for (const char c : piece) zeros = zeros && c == '\0';
                               }));
    if (!zeros) return absl::DataLossError("Its end is not the end of a pack.");
    RETURN_IF_ERROR(pack_.List());
    const auto& members = pack_.members();
    if (members.size() < 3 || members.front().name != kManifestName ||
        members.back().name != kSignatureName ||
        members.back().bytes != static_cast<int64_t>(kBlock) ||
        members.back().at + static_cast<int64_t>(kBlock + kEnd) != pack_.size()) {
      return absl::DataLossError("It is no evidence pack, or it is cut off.");
    }
    ASSIGN_OR_RETURN(const std::string text, pack_.ReadAll(members.front(), kMostManifestBytes));
    const auto manifest = ParseManifest(text);
    if (!manifest.ok()) return absl::DataLossError("Its manifest is altered.");
    manifest_ = *manifest;
    return absl::OkStatus();
  }

  absl::Status CheckKey() {
    const Member* const member = Find(kKeyName);
    if (member == nullptr) return absl::DataLossError("There is no key in it.");
    ASSIGN_OR_RETURN(const std::string pem, pack_.ReadAll(*member, kMostKeyBytes));
    auto key = crypto::PublicKey::FromPem(pem);
    if (!key.ok()) return absl::DataLossError("Its key.pem is no key.");
    key_ = std::make_unique<crypto::PublicKey>(*std::move(key));
    const std::string fingerprint = key_->Fingerprint();
    if (!pinned_.empty() && fingerprint != pinned_) {
      return absl::DataLossError(absl::StrCat("It is signed by another key, ", fingerprint, "."));
    }
    if (manifest_.key != fingerprint) return absl::DataLossError("Its manifest is altered.");
    if (pinned_.empty()) {
      remarks_.push_back(
          "No fingerprint was given: anybody could have made this pack with a key of their own. "
          "Ask your provider for the fingerprint by another way and give it with --key.");
    }
    return absl::OkStatus();
  }

  absl::Status CheckSignature() {
    const Member& member = pack_.members().back();
    crypto::Sha256Stream hash;
    RETURN_IF_ERROR(
        pack_.Read(0, member.at, [&hash](absl::string_view piece) { hash.Add(piece); }));
    ASSIGN_OR_RETURN(const std::string block, pack_.ReadAll(member, kBlock));
    const auto signature = ParseSignatureBlock(block);
    if (!signature.ok() ||
        !crypto::IsSignatureOf(*key_, SignedText(hash.FinishHex()), *signature)) {
      return absl::DataLossError("The signature does not fit: something in it was changed.");
    }
    return absl::OkStatus();
  }

  absl::Status CheckFiles() {
    const auto& members = pack_.members();
    if (members.size() != manifest_.files.size() + 2) {
      return absl::DataLossError("The files inside are not those that the manifest lists.");
    }
    for (size_t i = 0; i < manifest_.files.size(); ++i) {
      const PackFile& listed = manifest_.files[i];
      const Member& member = members[i + 1];
      crypto::Sha256Stream hash;
      RETURN_IF_ERROR(pack_.Read(member.at, member.bytes,
                                 [&hash](absl::string_view piece) { hash.Add(piece); }));
      if (member.name != listed.name || member.bytes != listed.bytes ||
          hash.FinishHex() != listed.sha256) {
        return absl::DataLossError(
            absl::StrCat("Its file ", member.name, " is not the one that the manifest lists."));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckEvents() {
    const Member* const member = Find(kEventsName);
    if (member == nullptr) return absl::DataLossError("There is no audit.txt in it.");
    std::string link = absl::HexStringToBytes(manifest_.link_before);
    if (link.size() != kLinkBytes) return absl::DataLossError("Its manifest is altered.");
    int64_t events = 0;
    int64_t without = 0;
    int64_t first = 0;
    int64_t last = 0;
    std::string problem;
    RETURN_IF_ERROR(pack_.ReadLines(*member, [&](absl::string_view line) {
      if (!problem.empty()) return;
      const auto event = ParseEvent(line);
      if (!event.ok()) {
        problem = absl::StrCat("Line ", events + 1, " of audit.txt is no event.");
        return;
      }
      ++events;
      if (first == 0) first = event->sequence;
      if (event->sequence <= last || event->tenant != manifest_.tenant) {
        problem = absl::StrCat("Event ", event->sequence, " has no place in this chain.");
      } else if (event->link.empty()) {
        if (++without != events) {
          problem = absl::StrCat("Event ", event->sequence, " has lost its link.");
        }
      } else {
        link = LinkOf(link, *event);
        if (link != event->link) {
          problem = absl::StrCat("The chain breaks at event ", event->sequence,
                                 ": it is altered, or one before it is missing.");
        }
        if (event->sequence == remembered_) links_[remembered_] = link;
      }
      last = event->sequence;
    }));
    if (!problem.empty()) return absl::DataLossError(problem);
    if (events != manifest_.events || without != manifest_.events_without_link ||
        first != manifest_.first_event || last != manifest_.last_event ||
        absl::BytesToHexString(link) != manifest_.link) {
      return absl::DataLossError("The chain does not end where the manifest says.");
    }
    if (without > 0) {
      remarks_.push_back(absl::StrCat(
          "The first ", Counted(without, "event"),
          " were written before events had links: the signature alone vouches for them."));
    }
    return absl::OkStatus();
  }

  absl::Status CheckReceipts() {
    const Member* const member = Find(kReceiptsName);
    if (member == nullptr) return absl::DataLossError("There is no receipts.csv in it.");
    int64_t lines = 0;
    int64_t bad = 0;
    RETURN_IF_ERROR(pack_.ReadLines(*member, [&](absl::string_view line) {
      if (++lines > 1 && bad == 0 && !IsReceiptLine(line)) bad = lines;
    }));
    if (bad > 0) {
      return absl::DataLossError(
          absl::StrCat("The receipt in line ", bad, " of receipts.csv is altered."));
    }
    if (lines != manifest_.receipts + 1) {
      return absl::DataLossError("There are not as many receipts as the manifest says.");
    }
    return absl::OkStatus();
  }

  PackReader& pack_;
  const std::string pinned_;
  Manifest manifest_;
  std::unique_ptr<crypto::PublicKey> key_;
  int64_t remembered_ = 0;
  std::map<int64_t, std::string> links_;
  std::vector<std::string> remarks_;
};

absl::Status CannotRead(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return absl::NotFoundError(absl::StrCat("there is no file ", path));
  }
  return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
}

bool IsReadable(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

}  // namespace

absl::StatusOr<PackVerdict> CheckPack(const std::string& path, const CheckPackOptions& options) {
  PackVerdict verdict;
  PackReader pack(path);
  if (!IsReadable(path) || !pack.open()) return CannotRead(path);
  Check check(pack, options.key);
  Manifest before;
  if (!options.earlier.empty()) {
    PackReader earlier(options.earlier);
    if (!IsReadable(options.earlier) || !earlier.open()) return CannotRead(options.earlier);
    Check first(earlier, options.key);
    if (const absl::Status status = first.Run(); !status.ok()) {
      verdict.problems.push_back(absl::StrCat("Of the earlier pack: ", status.message()));
      return verdict;
    }
    before = first.manifest();
    check.Remember(before.last_event);
  }
  const absl::Status status = check.Run();
  verdict.remarks = check.remarks();
  if (!status.ok()) {
    verdict.problems.emplace_back(status.message());
    return verdict;
  }
  verdict.manifest = check.manifest();
  if (!options.earlier.empty()) {
    if (before.tenant != verdict.manifest.tenant) {
      verdict.problems.push_back(
          absl::StrCat("The earlier pack is about another customer, ", before.tenant, "."));
    } else if (!check.Holds(before.last_event, before.link)) {
      verdict.problems.push_back(absl::StrCat(
          "Event ", before.last_event,
          ", with which the earlier pack ends, is not in this one as it was: take a pack whose "
          "--since lies before the end of the earlier one. If this is one, the log was changed."));
    }
  }
  return verdict;
}

}  // namespace muster::evidence
