#include "orchestrator/cli/plots.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "orchestrator/cli/printable.h"

namespace muster::cli {
namespace {

// In units of the drawing, which is as wide as its place.
constexpr double kWidth = 720;
constexpr double kLeft = 44;  // For the names of the scale.
constexpr double kRight = 10;
constexpr double kTop = 10;
constexpr double kPlotHeight = 160;
constexpr double kBelow = 24;  // For the dates.
constexpr double kBarLeft = 240;
constexpr double kBarRight = 60;
constexpr double kBarHeight = 18;
constexpr double kBarStep = 26;

std::string Coordinate(double value) { return absl::StrFormat("%.1f", value); }

std::string SvgText(double x, double y, absl::string_view anchor, absl::string_view text) {
  return absl::StrCat("<text x=\"", Coordinate(x), "\" y=\"", Coordinate(y), "\" text-anchor=\"",
                      anchor, "\">", Html(text), "</text>\n");
}

std::string OpenSvg(absl::string_view name, double height) {
  return absl::StrCat("<svg viewBox=\"0 0 ", Coordinate(kWidth), " ", Coordinate(height),
                      "\" role=\"img\" aria-label=\"", Html(name), "\">\n");
}

// Where a time stands; within the drawing whatever it is.
double XOf(absl::Time time, absl::Time from, absl::Time to) {
  const double all = absl::ToDoubleSeconds(to - from);
  const double part = all <= 0 ? 0 : absl::ToDoubleSeconds(time - from) / all;
  return kLeft + std::clamp(part, 0.0, 1.0) * (kWidth - kLeft - kRight);
}

double YOf(double share) { return kTop + (1 - std::clamp(share, 0.0, 1.0)) * kPlotHeight; }

}  // namespace

std::string Html(absl::string_view text) {
  return absl::StrReplaceAll(
      Printable(text),
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string ShareOverTime(absl::string_view name, const std::vector<Share>& shares, absl::Time from,
                          absl::Time to) {
  std::string out = OpenSvg(name, kTop + kPlotHeight + kBelow);
  for (const int percent : {0, 25, 50, 75, 100}) {
    const double y = YOf(percent / 100.0);
    absl::StrAppend(&out, "<line class=\"grid\" x1=\"", Coordinate(kLeft), "\" x2=\"",
                    Coordinate(kWidth - kRight), "\" y1=\"", Coordinate(y), "\" y2=\"",
                    Coordinate(y), "\"/>\n",
                    SvgText(kLeft - 6, y + 4, "end", absl::StrCat(percent, " %")));
  }
  constexpr int kDates = 4;
  // Of less than three days the hours count.
  const char* const form = to - from < absl::Hours(72) ? "%m-%d %H:%M" : "%Y-%m-%d";
  for (int i = 0; i <= kDates; ++i) {
    const absl::Time time = from + (to - from) * i / kDates;
    absl::StrAppend(&out, SvgText(XOf(time, from, to), kTop + kPlotHeight + 17,
                                  i == 0        ? "start"
                                  : i == kDates ? "end"
                                                : "middle",
                                  absl::FormatTime(form, time, absl::UTCTimeZone())));
  }
  std::string line;
  double last = 0;
  for (const Share& share : shares) {
    if (share.time > to) break;
    const std::string x = Coordinate(XOf(share.time, from, to));
    if (line.empty()) {
      line = absl::StrCat("M", x, " ", Coordinate(YOf(share.share)));
    } else {
      absl::StrAppend(&line, " H", x, " V", Coordinate(YOf(share.share)));
    }
    last = share.share;
  }
  if (!line.empty()) {
    absl::StrAppend(&line, " H", Coordinate(XOf(to, from, to)));
    absl::StrAppend(&out, "<path class=\"line\" d=\"", line, "\"/>\n",
                    SvgText(kWidth - kRight, YOf(last) < kTop + 20 ? YOf(last) + 17 : YOf(last) - 7,
                            "end", absl::StrFormat("%.1f %%", 100 * last)));
  }
  return absl::StrCat(out, "</svg>\n");
}

std::string Bars(absl::string_view name, const std::vector<Bar>& bars) {
  int64_t most = 1;
  for (const Bar& bar : bars) most = std::max(most, bar.value);
  std::string out = OpenSvg(name, kBarStep * static_cast<double>(bars.size()) + 4);
  double y = 2;
  for (const Bar& bar : bars) {
    const double length = (kWidth - kBarLeft - kBarRight) *
                          static_cast<double>(std::max<int64_t>(bar.value, 0)) /
                          static_cast<double>(most);
    absl::StrAppend(&out, SvgText(kBarLeft - 8, y + 13, "end", bar.name),
                    "<rect class=\"bar\" x=\"", Coordinate(kBarLeft), "\" y=\"", Coordinate(y),
                    "\" width=\"", Coordinate(length), "\" height=\"", Coordinate(kBarHeight),
                    "\"/>\n",
                    SvgText(kBarLeft + length + 6, y + 13, "start", absl::StrCat(bar.value)));
    y += kBarStep;
  }
  return absl::StrCat(out, "</svg>\n");
}

}  // namespace muster::cli
