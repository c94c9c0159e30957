#include "worker/platform/linux/socket_table.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/platform/files.h"
#include "base/platform/posix/descriptor.h"
#include "base/redact.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

// The forms in which an end may stand in a table: each word of the address as the machine reads it.
struct Forms {
  std::string table4;  // "" for an address that is no IPv4 one.
  std::string table6;  // An IPv4 address here in its IPv6 clothes.
};

std::string Words(const unsigned char* bytes, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; i += 4) {
    uint32_t word = 0;
    std::memcpy(&word, bytes + i, sizeof(word));
    absl::StrAppendFormat(&text, "%08X", word);
  }
  return text;
}

absl::StatusOr<Forms> FormsOf(const std::string& address, int port) {
  const std::string suffix = absl::StrFormat(":%04X", port);
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, address.c_str(), bytes.data() + 12) == 1) {
    bytes[10] = bytes[11] = 0xFF;
    return Forms{Words(bytes.data() + 12, 4) + suffix, Words(bytes.data(), 16) + suffix};
  }
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) {
    return Forms{"", Words(bytes.data(), 16) + suffix};
  }
  return absl::InternalError(absl::StrCat(address, " is no address"));
}

// Calls `visit` for each row; the tables are as long as the machine has connections.
absl::Status ForEachRow(const char* table, const std::function<void(const SocketRow&)>& visit) {
  const Descriptor file(open(table, O_RDONLY | O_CLOEXEC));
  if (!file.ok()) {
    // A kernel without IPv6 has no table of it.
    return errno == ENOENT ? absl::OkStatus() : FileError(errno, "open", table);
  }
  std::string text;
  std::array<char, 32768> part;
  while (true) {
    const ssize_t size = read(file.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileError(errno, "read", table);
    if (size == 0) return absl::OkStatus();
    text.append(part.data(), static_cast<size_t>(size));
    size_t begin = 0;
    for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const auto row = ParseSocketLine(absl::string_view(text).substr(begin, end - begin));
      if (row.has_value()) visit(*row);
    }
    text.erase(0, begin);
  }
}

constexpr char kTable4[] = "/proc/net/tcp";
constexpr char kTable6[] = "/proc/net/tcp6";

}  // namespace

std::optional<SocketRow> ParseSocketLine(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
  if (fields.size() < 10 || fields[0].back() != ':') return std::nullopt;
  SocketRow row;
  row.local = std::string(fields[1]);
  row.remote = std::string(fields[2]);
  uint32_t state = 0;
  if (!absl::SimpleHexAtoi(fields[3], &state) || !absl::SimpleAtoi(fields[7], &row.uid) ||
      !absl::SimpleAtoi(fields[9], &row.inode)) {
    return std::nullopt;
  }
  row.state = static_cast<int>(state);
  return row;
}

absl::StatusOr<std::vector<SocketRow>> ListenersFor(const http::TcpEnds& ends) {
  ASSIGN_OR_RETURN(const Forms exact, FormsOf(ends.remote_address, ends.remote_port));
  ASSIGN_OR_RETURN(const Forms any4, FormsOf("0.0.0.0", ends.remote_port));
  ASSIGN_OR_RETURN(const Forms any6, FormsOf("::", ends.remote_port));
  std::array<std::vector<SocketRow>, 4> ranks;
  RETURN_IF_ERROR(ForEachRow(kTable4, [&](const SocketRow& row) {
    if (row.state != kSocketListens) return;
    if (row.local == exact.table4) ranks[0].push_back(row);
    if (!exact.table4.empty() && row.local == any4.table4) ranks[2].push_back(row);
  }));
  RETURN_IF_ERROR(ForEachRow(kTable6, [&](const SocketRow& row) {
    if (row.state != kSocketListens) return;
    if (row.local == exact.table6) ranks[1].push_back(row);
    if (row.local == any6.table6) ranks[3].push_back(row);
  }));
  for (std::vector<SocketRow>& rank : ranks) {
    if (!rank.empty()) return std::move(rank);
  }
  return std::vector<SocketRow>();
}

absl::StatusOr<std::optional<SocketRow>> OtherEndOf(const http::TcpEnds& ends) {
  ASSIGN_OR_RETURN(const Forms there, FormsOf(ends.remote_address, ends.remote_port));
  ASSIGN_OR_RETURN(const Forms here, FormsOf(ends.local_address, ends.local_port));
  std::optional<SocketRow> found;
  if (!there.table4.empty()) {
    RETURN_IF_ERROR(ForEachRow(kTable4, [&](const SocketRow& row) {
      if (row.local == there.table4 && row.remote == here.table4) found = row;
    }));
  }
  if (!found.has_value()) {
    RETURN_IF_ERROR(ForEachRow(kTable6, [&](const SocketRow& row) {
      if (row.local == there.table6 && row.remote == here.table6) found = row;
    }));
  }
  return found;
}

std::string HolderOf(uint64_t inode) {
  const std::string wanted = absl::StrCat("socket:[", inode, "]");
  std::error_code error;
  std::filesystem::directory_iterator processes("/proc", error);
  for (; !error && processes != std::filesystem::directory_iterator(); processes.increment(error)) {
    uint32_t pid = 0;
    const std::string path = processes->path().string();
    if (!absl::SimpleAtoi(processes->path().filename().string(), &pid)) continue;
    std::error_code failed;  // Processes end while we look.
    std::filesystem::directory_iterator files(path + "/fd", failed);
    for (; !failed && files != std::filesystem::directory_iterator(); files.increment(failed)) {
      std::error_code ignored;
      if (std::filesystem::read_symlink(files->path(), ignored).string() != wanted) continue;
      const auto name = ReadWholeFile(path + "/comm", 4096);
      return absl::StrCat("process ", pid, " (", name.ok() ? CleanLine(*name) : "?", ")");
    }
  }
  return "";
}

}  // namespace muster::worker
