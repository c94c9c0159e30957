#include "base/yaml/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/utf8.h"

namespace muster::yaml {
namespace {

Position PositionOf(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

// Builds the tree from yaml-cpp's events. Once `stopped_` is set, further events are ignored: the
// text is bounded, so what is left costs little.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const Limits& limits, std::vector<Problem>& problems)
      : limits_(limits), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { RefuseAnchor(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    RefuseAnchor(mark);
    Add(NodeKind::kNull, mark, "", "");
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Add(NodeKind::kNull, mark, "", "");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    last_scalar_ = mark;
    Add(NodeKind::kScalar, mark, tag, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Open(NodeKind::kSequence, mark, tag);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Open(NodeKind::kMapping, mark, tag);
  }
  void OnMapEnd() override { Close(); }

  // Where the last scalar of the document begins.
  const YAML::Mark& last_scalar() const { return last_scalar_; }
  Node TakeRoot() { return stopped_ ? Node() : std::move(root_); }
  bool stopped() const { return stopped_; }

 private:
  // A collection that is being read. A mapping's events alternate key, value.
  struct Frame {
    Node node;
    bool has_key = false;
    Node key;
    absl::flat_hash_set<std::string> seen;
  };

  void Report(const YAML::Mark& mark, std::string reason) {
    if (problems_.size() < limits_.max_problems) {
      problems_.push_back({PositionOf(mark), Path(), std::move(reason)});
    }
  }
  void Stop(const YAML::Mark& mark, std::string reason) {
    Report(mark, std::move(reason));
    stopped_ = true;
  }
  void RefuseAnchor(const YAML::Mark& mark) {
    if (!stopped_) Report(mark, "anchors (&) and aliases (*) are not allowed; write the value out");
  }
  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    // yaml-cpp marks plain nodes with "?" and quoted ones with "!".
    if (!tag.empty() && tag != "?" && tag != "!") {
      Report(mark, absl::StrCat("the tag ", tag, " is not allowed; remove it"));
    }
  }
  bool Count(const YAML::Mark& mark) {
    if (stopped_) return false;
    if (++nodes_ > limits_.max_nodes) {
      Stop(mark, absl::StrCat("the file has more than ", limits_.max_nodes,
                              " entries; split it into several files"));
    }
    return !stopped_;
  }

  std::string Path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.node.kind == NodeKind::kSequence) {
        path = ItemPath(path, frame.node.children.size());
      } else if (frame.has_key) {
        path = ChildPath(path, frame.key.text);
      }
    }
    return path;
  }

  void Open(NodeKind kind, const YAML::Mark& mark, const std::string& tag) {
    if (!Count(mark)) return;
    CheckTag(mark, tag);
    if (static_cast<int>(frames_.size()) >= limits_.max_depth) {
      Stop(mark, absl::StrCat("nested more than ", limits_.max_depth, " levels deep"));
      return;
    }
    frames_.push_back({Node{kind, PositionOf(mark)}});
  }

  void Close() {
    if (stopped_) return;
    Node node = std::move(frames_.back().node);
    frames_.pop_back();
    Place(std::move(node));
  }

  void Add(NodeKind kind, const YAML::Mark& mark, const std::string& tag, const std::string& text) {
    if (!Count(mark)) return;
    if (kind == NodeKind::kScalar) CheckTag(mark, tag);
    Place(Node{kind, PositionOf(mark), text, tag == "!"});
  }

  void Place(Node node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == NodeKind::kSequence) {
      frame.node.children.push_back(std::move(node));
      return;
    }
    if (!frame.has_key) {
      frame.key = std::move(node);
      frame.has_key = true;
      return;
    }
    KeepPair(frame, std::move(node));
    frame.has_key = false;
  }

  void KeepPair(Frame& frame, Node value) {
    const Position at = frame.key.position;
    const YAML::Mark none = YAML::Mark::null_mark();
    if (frame.key.kind != NodeKind::kScalar) {
      frame.has_key = false;
      Report(none, "a key must be plain text");
      if (!problems_.empty()) problems_.back().position = at;
      return;
    }
    if (!frame.seen.insert(frame.key.text).second) {
      const size_t before = problems_.size();
      Report(none, "is given twice in the same mapping; keep one");
      if (problems_.size() > before) problems_.back().position = at;
      return;
    }
    frame.node.keys.push_back(std::move(frame.key));
    frame.node.children.push_back(std::move(value));
  }

  const Limits& limits_;
  std::vector<Problem>& problems_;
  std::vector<Frame> frames_;
  Node root_;
  YAML::Mark last_scalar_ = YAML::Mark::null_mark();
  size_t nodes_ = 0;
  bool stopped_ = false;
};

// yaml-cpp takes the end of the file for a closing quote. Whether the scalar that begins at
// `begin` is such a one.
bool QuoteIsOpen(absl::string_view text, size_t begin) {
  if (begin >= text.size()) return false;
  const char quote = text[begin];
  if (quote != '"' && quote != '\'') return false;
  for (size_t i = begin + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != quote) return false;
      ++i;
    }
  }
  return true;
}

}  // namespace

std::string ChildPath(absl::string_view path, absl::string_view key) {
  return path.empty() ? std::string(key) : absl::StrCat(path, ".", key);
}

std::string ItemPath(absl::string_view path, size_t index) {
  return absl::StrCat(path, "[", index, "]");
}

namespace {

// What is wrong with the text as a whole is told, however many problems there are before it.
void AddLast(Problem problem, const Limits& limits, std::vector<Problem>& problems) {
  if (!problems.empty() && problems.size() >= limits.max_problems) problems.pop_back();
  problems.push_back(std::move(problem));
}

}  // namespace

Node ParseDocument(absl::string_view text, const Limits& limits, std::vector<Problem>& problems) {
  if (text.size() > limits.max_bytes) {
    problems.push_back({{},
                        "",
                        absl::StrCat("the file is larger than ", limits.max_bytes >> 10,
                                     " KiB; split it into several files")});
    return {};
  }
  if (text.find('\0') != absl::string_view::npos) {
    problems.push_back({{}, "", "the file holds a zero byte; save it as UTF-8 text"});
    return {};
  }
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
  if (const size_t good = Utf8Prefix(text); good < text.size()) {
    // The parser would put a substitute for what it cannot read, and say nothing.
    const auto breaks = std::count(text.begin(), text.begin() + good, '\n');
    problems.push_back({{static_cast<int>(breaks) + 1, 1},
                        "",
                        "the line is not UTF-8 text; save the file as UTF-8"});
    return {};
  }
  TreeBuilder builder(limits, problems);
  // The only place where yaml-cpp's exceptions arise and end.
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) return {};
    Node root = builder.TakeRoot();
    const YAML::Mark last = builder.last_scalar();
    if (!last.is_null() && QuoteIsOpen(text, static_cast<size_t>(last.pos))) {
      AddLast({PositionOf(last), "", "not valid YAML: the quote that begins here is never closed"},
              limits, problems);
      return {};
    }
    TreeBuilder rest(limits, problems);
    if (!builder.stopped() && parser.HandleNextDocument(rest)) {
      AddLast({rest.TakeRoot().position, "",
               "a second document (---) follows; only one is allowed in a file"},
              limits, problems);
    }
    return root;
  } catch (const YAML::Exception& error) {
    AddLast({PositionOf(error.mark), "", absl::StrCat("not valid YAML: ", error.msg)}, limits,
            problems);
  }
  return {};
}

}  // namespace muster::yaml
