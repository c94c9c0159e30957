#include "worker/platform/process.h"

#include <windows.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/platform/steady_time.h"
#include "base/platform/windows/handle.h"
#include "base/status_macros.h"
#include "base/utf8.h"

namespace muster::worker {
namespace {

constexpr size_t kMaxOutput = 256 << 10;
constexpr DWORD kLookMs = 20;

// What CommandLineToArgvW and the C libraries take apart again: quotes, and backslashes before them,
// are escaped.
void AppendQuoted(std::wstring& line, const std::wstring& argument) {
  if (!line.empty()) line += L' ';
  line += L'"';
  size_t backslashes = 0;
  for (const wchar_t c : argument) {
    if (c == L'\\') {
      ++backslashes;
      continue;
    }
    line.append(c == L'"' ? backslashes * 2 + 1 : backslashes, L'\\');
    backslashes = 0;
    line += c;
  }
  line.append(backslashes * 2, L'\\');
  line += L'"';
}

void WipeWide(std::wstring& text) {
  SecureZeroMemory(text.data(), text.size() * sizeof(wchar_t));
  text.clear();
}

// Wiped with it, because arguments may be secret.
class CommandLine {
 public:
  explicit CommandLine(const ProcessRequest& request) {
    size_t size = request.program.size() + 16;
    for (const Secret& argument : request.arguments) size += 2 * argument.Reveal().size() + 16;
    text_.reserve(size);  // What grows leaves copies behind.
    AppendQuoted(text_, Wide(request.program));
    for (const Secret& argument : request.arguments) {
      std::wstring wide = Wide(argument.Reveal());
      AppendQuoted(text_, wide);
      WipeWide(wide);
    }
  }
  ~CommandLine() { WipeWide(text_); }
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  wchar_t* get() { return text_.data(); }

 private:
  std::wstring text_;
};

// This process's variables and those added, which come first and win.
std::wstring EnvironmentWith(const std::vector<std::pair<std::string, std::string>>& added) {
  std::wstring block;
  for (const auto& [name, value] : added) {
    block += Wide(absl::StrCat(name, "=", value));
    block += L'\0';
  }
  wchar_t* const own = GetEnvironmentStringsW();
  for (const wchar_t* entry = own; entry != nullptr && *entry != L'\0';
       entry += std::wcslen(entry) + 1) {
    const std::wstring variable = entry;
    const bool replaced = std::any_of(added.begin(), added.end(), [&](const auto& pair) {
      const std::wstring name = Wide(pair.first) + L"=";
      return _wcsnicmp(variable.c_str(), name.c_str(), name.size()) == 0;
    });
    if (replaced) continue;
    block += variable;
    block += L'\0';
  }
  FreeEnvironmentStringsW(own);
  block += L'\0';
  return block;
}

// All that the program starts ends with it: they are in one job, which ends with its last handle.
absl::StatusOr<Handle> MakeJob() {
  Handle job(CreateJobObjectW(nullptr, nullptr));
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  if (!job.ok() || !SetInformationJobObject(job.get(), JobObjectExtendedLimitInformation, &limits,
                                            sizeof(limits))) {
    return WindowsError(GetLastError(), "make", "a job");
  }
  return job;
}

struct OutputPipe {
  Handle read;
  Handle write;  // Inherited by the program.
};

absl::StatusOr<OutputPipe> MakePipe() {
  HANDLE read = nullptr;
  HANDLE write = nullptr;
  if (!CreatePipe(&read, &write, nullptr, 0)) return WindowsError(GetLastError(), "make", "a pipe");
  OutputPipe pipe{Handle(read), Handle(write)};
  SetHandleInformation(write, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
  return pipe;
}

// What a program of the console has printed, as UTF-8. Programs that print UTF-8 are recognized.
std::string Decode(std::string bytes) {
  return IsUtf8(bytes) ? std::move(bytes) : NarrowFrom(CP_OEMCP, bytes);
}

// The list of handles that a program inherits: these and no other of this process.
class Inherited {
 public:
  explicit Inherited(std::array<HANDLE, 2> handles) : handles_(handles) {
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
    bytes_.resize(size);
    ok_ = InitializeProcThreadAttributeList(list(), 1, 0, &size) &&
          UpdateProcThreadAttribute(list(), 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles_.data(),
                                    sizeof(handles_), nullptr, nullptr);
  }
  ~Inherited() { DeleteProcThreadAttributeList(list()); }
  Inherited(const Inherited&) = delete;
  Inherited& operator=(const Inherited&) = delete;
  LPPROC_THREAD_ATTRIBUTE_LIST list() {
    return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(bytes_.data());
  }
  bool ok() const { return ok_; }

 private:
  std::array<HANDLE, 2> handles_;
  std::vector<char> bytes_;
  bool ok_ = false;
};

class WindowsProcessRunner final : public ProcessRunner {
 public:
  absl::StatusOr<ProcessAnswer> Run(const ProcessRequest& request) override {
    if (stopping_) return absl::CancelledError("the worker is stopping");
    ASSIGN_OR_RETURN(const Handle job, MakeJob());
    ASSIGN_OR_RETURN(OutputPipe pipe, MakePipe());
    ASSIGN_OR_RETURN(const Handle process, Start(request, job, pipe));
    pipe.write = Handle();
    return Await(request, process, job, pipe.read);
  }

  void Stop() override { stopping_ = true; }

 private:
  static absl::StatusOr<Handle> Start(const ProcessRequest& request, const Handle& job,
                                      const OutputPipe& pipe) {
    SECURITY_ATTRIBUTES inherit{};
    inherit.nLength = sizeof(inherit);
    inherit.bInheritHandle = TRUE;
    const Handle nothing(CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                     &inherit, OPEN_EXISTING, 0, nullptr));
    Inherited inherited({pipe.write.get(), nothing.get()});
    if (!inherited.ok()) return WindowsError(GetLastError(), "run", request.program);
    STARTUPINFOEXW startup{};
    startup.StartupInfo.cb = sizeof(startup);
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = nothing.get();
    startup.StartupInfo.hStdOutput = pipe.write.get();
    startup.StartupInfo.hStdError = pipe.write.get();
    startup.lpAttributeList = inherited.list();
    CommandLine line(request);
    std::wstring environment = EnvironmentWith(request.environment);
    // A path starts that program; with a name alone Windows looks for it.
    const std::wstring program = Wide(request.program);
    const bool is_path = request.program.find_first_of("/\\") != std::string::npos;
    PROCESS_INFORMATION started{};
    // It runs once it is in the job.
    if (!CreateProcessW(is_path ? program.c_str() : nullptr, line.get(), nullptr, nullptr, TRUE,
                        CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_UNICODE_ENVIRONMENT |
                            EXTENDED_STARTUPINFO_PRESENT,
                        environment.data(), nullptr, &startup.StartupInfo, &started)) {
      return WindowsError(GetLastError(), "run", request.program);
    }
    Handle process(started.hProcess);
    const Handle thread(started.hThread);
    if (!AssignProcessToJobObject(job.get(), process.get())) {
      const DWORD error = GetLastError();
      TerminateProcess(process.get(), 1);
      return WindowsError(error, "run", request.program);
    }
    ResumeThread(thread.get());
    return process;
  }

  absl::StatusOr<ProcessAnswer> Await(const ProcessRequest& request, const Handle& process,
                                      const Handle& job, const Handle& output) {
    const absl::Duration deadline = SteadyTime() + request.timeout;
    std::string bytes;
    while (true) {
      // In this order: what it wrote before it ended is read afterwards.
      const bool ended = WaitForSingleObject(process.get(), kLookMs) == WAIT_OBJECT_0;
      Drain(output, bytes);
      if (ended) break;
      if (!stopping_ && SteadyTime() < deadline) continue;
      TerminateJobObject(job.get(), 1);
      WaitForSingleObject(process.get(), 5000);
      if (stopping_) {
        return absl::CancelledError(
            absl::StrCat(request.program, " was ended because the worker stops"));
      }
      return absl::DeadlineExceededError(absl::StrCat(request.program, " did not end within ",
                                                      absl::FormatDuration(request.timeout)));
    }
    DWORD code = 0;
    GetExitCodeProcess(process.get(), &code);
    return ProcessAnswer{static_cast<int>(code), Decode(std::move(bytes))};
  }

  // What is there now; drops what is beyond the limit.
  static void Drain(const Handle& output, std::string& bytes) {
    std::array<char, 4096> part;
    DWORD there = 0;
    while (PeekNamedPipe(output.get(), nullptr, 0, nullptr, &there, nullptr) && there > 0) {
      DWORD got = 0;
      if (!ReadFile(output.get(), part.data(), part.size(), &got, nullptr)) return;
      if (bytes.size() < kMaxOutput) bytes.append(part.data(), got);
    }
  }

  std::atomic<bool> stopping_ = false;
};

}  // namespace

std::unique_ptr<ProcessRunner> MakeProcessRunner() {
  return std::make_unique<WindowsProcessRunner>();
}

}  // namespace muster::worker
