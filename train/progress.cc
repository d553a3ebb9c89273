#include "train/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mote {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval(100);

// 1.9e-3, not 1.9e-03.
std::string Exponent(double value) {
  std::string text = absl::StrFormat("%.1e", value);
  const size_t digit = text.find_first_of("+-", text.find('e')) + 1;
  if (text[digit - 1] == '+') {
    text.erase(digit - 1, text[digit] == '0' ? 2 : 1);
  } else if (text[digit] == '0') {
    text.erase(digit, 1);
  }
  return text;
}

std::string MetricText(double metric, Task task) {
  return task == Task::kClassification ? absl::StrFormat("%.1f %%", 100 * metric) : absl::StrFormat("%.4g", metric);
}

const char* ShortMetricName(Task task) {
  switch (task) {
    case Task::kClassification:
      return "accuracy";
    case Task::kRegression:
      return "mae";
    case Task::kReconstruction:
      return "mse";
  }
  return "";
}

std::string Head(const std::string& label, int epoch, int epochs) {
  return absl::StrCat(label, label.empty() ? "" : "  ", "epoch ", epoch, "/", epochs);
}

std::string Duration(double seconds) {
  const int64_t whole = std::llround(std::clamp(seconds, 0.0, 1e9));
  if (whole >= 3600) return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
}

}  // namespace

std::string EpochLine(const std::string& label, const EpochReport& report, Task task) {
  std::string line = absl::StrFormat("%s  loss %#.3g  %s %s", Head(label, report.epoch, report.epochs),
                                     report.train_loss, ShortMetricName(task), MetricText(report.train_metric, task));
  if (!std::isnan(report.validation_loss)) {
    absl::StrAppendFormat(&line, "  val %#.3g %s", report.validation_loss, MetricText(report.validation_metric, task));
  }
  absl::StrAppendFormat(&line, "  lr %s  %.1f s", Exponent(report.learning_rate), report.seconds);
  return line;
}

std::string BarLine(const std::string& label, const BarState& state, int columns) {
  const std::string head = Head(label, state.epoch, state.epochs);
  const double fraction = std::clamp(state.epoch_fraction, 0.0, 1.0);
  const std::string tail = absl::StrFormat(" %3.0f %%  loss %#.3g  %.0f samples/s  %s left", 100 * fraction, state.loss,
                                           state.samples_per_second, Duration(state.seconds_left));
  const int room = std::min<int>(30, columns - static_cast<int>(head.size() + tail.size()) - 3);
  std::string line = head;
  if (room >= 4) {
    const int filled = static_cast<int>(fraction * room);
    std::string bar(filled, '=');
    if (filled < room) bar.push_back('>');
    bar.resize(room, ' ');
    absl::StrAppend(&line, " [", bar, "]");
  }
  line.append(tail);
  if (columns >= 0 && line.size() > static_cast<size_t>(columns)) line.resize(columns);
  return line;
}

ProgressPrinter::ProgressPrinter(const FitOptions& options, int64_t samples, int64_t steps_an_epoch, int64_t steps_done)
    : options_(options), samples_(samples), steps_an_epoch_(steps_an_epoch), steps_done_(steps_done) {
  lines_ = options.progress != FitOptions::Progress::kNone;
  bar_ = options.progress == FitOptions::Progress::kAuto && isatty(STDERR_FILENO) != 0;
}

ProgressPrinter::~ProgressPrinter() { Erase(); }

void ProgressPrinter::Erase() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

void ProgressPrinter::Redraw(int epoch, int64_t step, double loss_sum, int64_t samples_seen) {
  const Clock::time_point now = Clock::now();
  if (drawn_ && now - drawn_at_ < kRedrawInterval) return;
  drawn_at_ = now;
  drawn_ = true;
  winsize window{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const int64_t steps = epoch * steps_an_epoch_ + step - steps_done_;
  const int64_t steps_left = (options_.epochs - epoch) * steps_an_epoch_ - step;
  const double samples_a_step = static_cast<double>(samples_) / static_cast<double>(steps_an_epoch_);
  BarState state;
  state.epoch = epoch + 1;
  state.epochs = options_.epochs;
  state.epoch_fraction = static_cast<double>(step) / static_cast<double>(steps_an_epoch_);
  state.loss = loss_sum / static_cast<double>(std::max<int64_t>(1, samples_seen));
  state.samples_per_second = static_cast<double>(steps) * samples_a_step / std::max(1e-9, seconds);
  state.seconds_left = seconds / static_cast<double>(std::max<int64_t>(1, steps)) * static_cast<double>(steps_left);
  // The last column stays free: some terminals wrap on it.
  std::fprintf(stderr, "\r%s\x1b[K", BarLine(options_.label, state, (known ? window.ws_col : 80) - 1).c_str());
  std::fflush(stderr);
}

void ProgressPrinter::Epoch(const EpochReport& report) {
  if (!lines_) return;
  Erase();
  std::fprintf(stderr, "%s\n", EpochLine(options_.label, report, options_.task).c_str());
  std::fflush(stderr);
}

}  // namespace mote
