#include "worker/platform/windows/socket_table.h"

#include <winsock2.h>
#include <ws2tcpip.h>
// Behind those, which they need.
#include <iphlpapi.h>
#include <windows.h>

#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/platform/windows/handle.h"
#include "base/status_macros.h"

namespace muster::worker {
namespace {

using Address = std::array<unsigned char, 16>;

struct End {
  Address address{};  // IPv4 in the first four bytes.
  int port = 0;
};
struct Row {
  End local;
  End remote;
  DWORD state = 0;
  DWORD pid = 0;
};

int PortOf(DWORD in_network_order) { return ntohs(static_cast<u_short>(in_network_order)); }

Row FromRow(const MIB_TCPROW_OWNER_PID& from) {
  Row row{{{}, PortOf(from.dwLocalPort)},
          {{}, PortOf(from.dwRemotePort)},
          from.dwState,
          from.dwOwningPid};
  std::memcpy(row.local.address.data(), &from.dwLocalAddr, 4);
  std::memcpy(row.remote.address.data(), &from.dwRemoteAddr, 4);
  return row;
}
Row FromRow(const MIB_TCP6ROW_OWNER_PID& from) {
  Row row{{{}, PortOf(from.dwLocalPort)},
          {{}, PortOf(from.dwRemotePort)},
          from.dwState,
          from.dwOwningPid};
  std::memcpy(row.local.address.data(), from.ucLocalAddr, 16);
  std::memcpy(row.remote.address.data(), from.ucRemoteAddr, 16);
  return row;
}

template <typename Table>
absl::StatusOr<std::vector<Row>> ReadTable(ULONG family) {
  std::vector<uint64_t> buffer(4096);
  while (true) {
    DWORD size = static_cast<DWORD>(buffer.size() * sizeof(uint64_t));
    const DWORD error =
        GetExtendedTcpTable(buffer.data(), &size, FALSE, family, TCP_TABLE_OWNER_PID_ALL, 0);
    if (error == ERROR_INSUFFICIENT_BUFFER) {
      buffer.resize(size / sizeof(uint64_t) + 1024);  // It may grow meanwhile.
      continue;
    }
    if (error != NO_ERROR) return WindowsError(error, "read", "the table of connections");
    const auto* const table = reinterpret_cast<const Table*>(buffer.data());
    std::vector<Row> rows;
    rows.reserve(table->dwNumEntries);
    for (DWORD i = 0; i < table->dwNumEntries; ++i) rows.push_back(FromRow(table->table[i]));
    return rows;
  }
}

absl::StatusOr<End> ParseEnd(const std::string& address, int port, bool& six) {
  End end;
  end.port = port;
  six = inet_pton(AF_INET6, address.c_str(), end.address.data()) == 1;
  if (six || inet_pton(AF_INET, address.c_str(), end.address.data()) == 1) return end;
  return absl::InvalidArgumentError(absl::StrCat(address, " is no address"));
}

bool operator==(const End& a, const End& b) { return a.port == b.port && a.address == b.address; }

std::vector<uint32_t> ListenersAt(const std::vector<Row>& rows, const Address& address, int port) {
  std::vector<uint32_t> pids;
  for (const Row& row : rows) {
    if (row.state == MIB_TCP_STATE_LISTEN && row.local == End{address, port}) {
      pids.push_back(row.pid);
    }
  }
  return pids;
}

}  // namespace

absl::StatusOr<SocketHolders> HoldersOf(const http::TcpEnds& ends) {
  bool six = false;
  ASSIGN_OR_RETURN(const End there, ParseEnd(ends.remote_address, ends.remote_port, six));
  ASSIGN_OR_RETURN(const End here, ParseEnd(ends.local_address, ends.local_port, six));
  ASSIGN_OR_RETURN(const std::vector<Row> four, ReadTable<MIB_TCPTABLE_OWNER_PID>(AF_INET));
  ASSIGN_OR_RETURN(const std::vector<Row> sixes, ReadTable<MIB_TCP6TABLE_OWNER_PID>(AF_INET6));
  SocketHolders holders;
  // Windows prefers those of the exact address; one of "::" may take IPv4 as well.
  const std::vector<Row>& own = six ? sixes : four;
  holders.listeners = ListenersAt(own, there.address, there.port);
  if (holders.listeners.empty()) holders.listeners = ListenersAt(own, Address{}, there.port);
  if (holders.listeners.empty()) holders.listeners = ListenersAt(sixes, Address{}, there.port);
  for (const Row& row : own) {
    if (row.state != MIB_TCP_STATE_LISTEN && row.local == there && row.remote == here) {
      holders.peers.push_back(row.pid);
    }
  }
  return holders;
}

}  // namespace muster::worker
