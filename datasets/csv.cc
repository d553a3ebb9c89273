#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/file.h"
#include "datasets/reader_parts.h"
#include "datasets/readers.h"

// The format: RFC 4180 (quoted fields with doubled quotes and line breaks), with any line end, UTF-8 with or without a
// byte order mark, blank lines skipped, spaces around fields dropped.
namespace mote {
namespace {

constexpr size_t kMaxColumns = 1'000'000;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A decimal number, the whole field. "nan" and "inf" count as numbers here; they are refused later by their own
// message.
std::optional<double> ParseNumber(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {  // too large, or too small to be anything but 0
    const size_t exponent = text.find_first_of("eE");
    const bool tiny =
        (exponent != std::string_view::npos && text.substr(exponent + 1, 1) == "-") || text.find("0.0") < 2;
    return tiny ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return error == std::errc() ? std::optional<double>(value) : std::nullopt;
}

std::optional<int64_t> ParseIndex(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

bool IsMissingMark(std::string_view text) {
  for (const char* mark : {"", "?", "NA", "N/A", "na", "n/a", "null", "NULL", "None", "-"}) {
    if (text == mark) return true;
  }
  return false;
}

struct Record {
  int64_t line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
};

class Scanner {
 public:
  Scanner(const std::string& name, std::string_view bytes) : name_(name), bytes_(bytes) {}

  absl::Status Begin() {
    if (bytes_.empty()) return absl::InvalidArgumentError(absl::StrCat(name_, ": is empty; it needs rows of numbers"));
    if (bytes_.substr(0, 2) == "\xff\xfe" || bytes_.substr(0, 2) == "\xfe\xff") {
      return absl::InvalidArgumentError(absl::StrCat(name_, ": is UTF-16 text; save it as UTF-8"));
    }
    if (const size_t nul = bytes_.find('\0'); nul != std::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrCat(name_, ": byte ", nul, " is NUL; this is not a text file"));
    }
    if (bytes_.substr(0, 3) == "\xef\xbb\xbf") at_ = 3;
    return absl::OkStatus();
  }

  // The next record that is not a blank line; false at the end.
  absl::StatusOr<bool> Next(Record& record) {
    while (at_ < bytes_.size()) {
      record.line = line_;
      size_t used = 0;
      bool quoted = false;
      for (bool more = true; more; ++used) {
        if (used == record.fields.size()) record.fields.emplace_back();
        if (used == kMaxColumns) return Error(line_, ": more than ", kMaxColumns, " columns");
        if (auto status = Field(record.fields[used], used + 1, quoted); !status.ok()) return status;
        more = at_ < bytes_.size() && bytes_[at_] == ',';
        if (more) ++at_;
      }
      EndLine();
      if (used == 1 && !quoted && record.fields[0].empty()) continue;
      record.fields.resize(used);
      return true;
    }
    return false;
  }

 private:
  template <typename... Parts>
  absl::Status Error(int64_t line, const Parts&... parts) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, ": line ", line, parts...));
  }

  // One field, up to ',' or the line's end. `record.fields` keeps its strings from line to line, so this rarely
  // allocates.
  absl::Status Field(std::string& field, size_t column, bool& quoted) {
    size_t start = at_;
    while (start < bytes_.size() && (bytes_[start] == ' ' || bytes_[start] == '\t')) ++start;
    if (start < bytes_.size() && bytes_[start] == '"') {
      quoted = true;
      at_ = start;
      return QuotedField(field, column);
    }
    const size_t end = std::min(bytes_.find_first_of(",\r\n", at_), bytes_.size());
    field.assign(Trim(bytes_.substr(at_, end - at_)));
    at_ = end;
    return absl::OkStatus();
  }

  absl::Status QuotedField(std::string& field, size_t column) {
    const int64_t begun = line_;
    field.clear();
    for (++at_;; ++at_) {
      const size_t quote = bytes_.find('"', at_);
      if (quote == std::string_view::npos)
        return Error(begun, ", column ", column, ": the quoted field has no closing quote");
      field.append(bytes_.substr(at_, quote - at_));
      at_ = quote + 1;
      if (at_ >= bytes_.size() || bytes_[at_] != '"') break;
      field += '"';
    }
    line_ += std::count(field.begin(), field.end(), '\n');
    while (at_ < bytes_.size() && (bytes_[at_] == ' ' || bytes_[at_] == '\t')) ++at_;
    if (at_ < bytes_.size() && bytes_[at_] != ',' && bytes_[at_] != '\r' && bytes_[at_] != '\n') {
      return Error(line_, ", column ", column, ": text after the closing quote; write quotes inside a field twice");
    }
    return absl::OkStatus();
  }

  void EndLine() {
    if (at_ < bytes_.size() && bytes_[at_] == '\r') ++at_;
    if (at_ < bytes_.size() && bytes_[at_] == '\n') ++at_;
    ++line_;
  }

  const std::string& name_;
  const std::string_view bytes_;
  size_t at_ = 0;
  int64_t line_ = 1;
};

// The first line of the CSV files that scikit-learn ships: rows, features, then the names of the classes 0, 1, ...
struct CountsLine {
  int64_t rows;
  std::vector<std::string> class_names;
};

std::optional<CountsLine> ParseCountsLine(const std::vector<std::string>& first,
                                          const std::vector<std::string>& second) {
  if (first.size() < 3 || second.empty() || !ParseIndex(second.back())) return std::nullopt;
  const auto rows = ParseIndex(first[0]), features = ParseIndex(first[1]);
  if (!rows || !features || *features < 1 || static_cast<int64_t>(second.size()) - 1 != *features) return std::nullopt;
  for (size_t i = 2; i < first.size(); ++i) {
    if (first[i].empty() || ParseNumber(first[i])) return std::nullopt;
  }
  return CountsLine{*rows, {first.begin() + 2, first.end()}};
}

class CsvReader {
 public:
  CsvReader(const std::string& name, std::string_view bytes, const CsvOptions& options)
      : name_(name), options_(options), scanner_(name, bytes) {}

  absl::StatusOr<Dataset> Read() {
    if (!std::isfinite(options_.scale) || options_.scale == 0.0) {
      return Error("scale ", options_.scale, " is not right; give a finite number other than 0");
    }
    if (auto status = scanner_.Begin(); !status.ok()) return status;
    Record first, second;
    auto there = scanner_.Next(first);
    if (!there.ok()) return there.status();
    if (!*there) return Error("holds blank lines only; it needs rows of numbers");
    there = scanner_.Next(second);
    if (!there.ok()) return there.status();
    if (auto status = UnderstandFirst(first, *there ? second : Record{}); !status.ok()) return status;
    if (!header_ && !counts_) {
      if (auto status = Row(first); !status.ok()) return status;
    }
    while (*there) {
      if (auto status = Row(second); !status.ok()) return status;
      there = scanner_.Next(second);
      if (!there.ok()) return there.status();
    }
    return Assemble();
  }

 private:
  template <typename... Parts>
  absl::Status Error(const Parts&... parts) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, ": ", parts...));
  }

  std::string Place(int64_t line, size_t column) const {
    return absl::StrCat("line ", line, ", column ", column + 1,
                        header_ ? absl::StrCat(" (", Quoted(names_[column]), ")") : "", ": ");
  }

  // Number of columns, where the labels are, and what the first line is.
  absl::Status UnderstandFirst(const Record& first, const Record& second) {
    const std::string& wanted = options_.label_column;
    const std::optional<int64_t> index = ParseIndex(wanted);
    if (!options_.regression) counts_ = ParseCountsLine(first.fields, second.fields);
    if (counts_ && !wanted.empty() && index != static_cast<int64_t>(second.fields.size()) - 1) counts_.reset();
    columns_ = counts_ ? second.fields.size() : first.fields.size();
    if (columns_ < 2) {
      const char* hint = first.fields[0].find(';') != std::string::npos    ? " (is it separated by ';'?)"
                         : first.fields[0].find('\t') != std::string::npos ? " (is it separated by tabs?)"
                                                                           : "";
      return Error("line ", first.line, ": one column only", hint, "; it needs features and a label, separated by ','");
    }
    label_ = columns_ - 1;
    if (!counts_) {
      if (auto status = FindLabelColumn(first, wanted, index); !status.ok()) return status;
    }
    const int64_t features = static_cast<int64_t>(columns_) - 1;
    int64_t values = 1;
    for (int64_t size : options_.sample_shape) {
      if (size < 1 || __builtin_mul_overflow(values, size, &values)) {
        return Error("sample_shape ", ShapeText(options_.sample_shape), " is not right; sizes are 1 or more");
      }
    }
    if (!options_.sample_shape.empty() && values != features) {
      return Error("sample_shape ", ShapeText(options_.sample_shape), " has ", values, " values, a row has ", features,
                   " features");
    }
    std::map<std::string, int64_t> once;
    for (const std::string& name : options_.class_names) {
      if (!once.emplace(name, 0).second) return Error("class_names: ", Quoted(name), " is there twice");
    }
    return absl::OkStatus();
  }

  absl::Status FindLabelColumn(const Record& first, const std::string& wanted, std::optional<int64_t> index) {
    const auto& fields = first.fields;
    const auto named = std::find(fields.begin(), fields.end(), wanted);
    if (!wanted.empty() && !index) {
      if (named == fields.end()) {
        return Error("line ", first.line, ": no column is named ", Quoted(wanted), "; the header has ",
                     FieldList(fields));
      }
      if (std::find(named + 1, fields.end(), wanted) != fields.end()) {
        return Error("line ", first.line, ": two columns are named ", Quoted(wanted),
                     "; give the label column's index");
      }
      label_ = static_cast<size_t>(named - fields.begin());
      header_ = true;
    } else {
      const bool outside = index && *index >= static_cast<int64_t>(columns_);
      if (index && !outside) label_ = static_cast<size_t>(*index);
      const size_t by_name = named == fields.end() ? label_ : static_cast<size_t>(named - fields.begin());
      if (outside) label_ = by_name;
      header_ = IsHeader(fields);
      if (outside && (!header_ || named == fields.end())) {
        return Error("label_column ", *index, " is not there; columns are 0..", columns_ - 1);
      }
      if (header_ && index) label_ = by_name;
    }
    if (header_) names_ = fields;
    return absl::OkStatus();
  }

  // A word in a feature column makes a header. A mark for a missing value among numbers does not: that is a row, and
  // wrong.
  bool IsHeader(const std::vector<std::string>& fields) const {
    bool number = false, word = false;
    for (size_t c = 0; c < fields.size(); ++c) {
      if (c == label_) continue;
      const bool is_number = ParseNumber(fields[c]).has_value();
      number |= is_number;
      word |= !is_number && !IsMissingMark(fields[c]);
    }
    return word || !number;
  }

  static std::string FieldList(const std::vector<std::string>& fields) {
    std::vector<std::string> shown;
    for (size_t i = 0; i < std::min<size_t>(fields.size(), 8); ++i) shown.push_back(Quoted(fields[i]));
    return absl::StrCat(absl::StrJoin(shown, ", "), fields.size() > 8 ? ", ..." : "");
  }

  absl::StatusOr<float> Number(const Record& record, size_t column, double scale) const {
    const std::string& field = record.fields[column];
    const auto value = ParseNumber(field);
    if (!value) {
      return Error(Place(record.line, column), field.empty() ? "is empty" : Quoted(field) + " is not a number",
                   "; write a number");
    }
    const float result = static_cast<float>(*value * scale);
    if (!std::isfinite(result)) return Error(Place(record.line, column), Quoted(field), " is not a finite float32");
    return result;
  }

  absl::Status Row(const Record& record) {
    if (record.fields.size() != columns_) {
      return Error("line ", record.line, ": ", record.fields.size(), " columns where the lines before have ", columns_);
    }
    for (size_t c = 0; c < columns_; ++c) {
      if (c == label_) continue;
      auto value = Number(record, c, options_.scale);
      if (!value.ok()) return value.status();
      inputs_.push_back(*value);
    }
    ++rows_;
    if (options_.regression) {
      auto value = Number(record, label_, 1.0);
      if (!value.ok()) return value.status();
      targets_.push_back(*value);
      return absl::OkStatus();
    }
    return Label(record);
  }

  absl::Status Label(const Record& record) {
    std::string text = record.fields[label_];
    if (text.empty()) return Error(Place(record.line, label_), "the label is empty");
    if (counts_) {
      const auto number = ParseIndex(text);
      const int64_t classes = static_cast<int64_t>(counts_->class_names.size());
      if (!number || *number >= classes) {
        return Error(Place(record.line, label_), "label ", Quoted(text), " is not in 0..", classes - 1,
                     ", the classes of line 1");
      }
      text = counts_->class_names[static_cast<size_t>(*number)];
    }
    const auto [found, added] = ids_.emplace(text, static_cast<int64_t>(ids_.size()));
    if (added) {
      first_lines_.push_back(record.line);
      if (static_cast<int64_t>(ids_.size()) > kMaxClasses) {
        return Error(Place(record.line, label_), "more than ", kMaxClasses,
                     " different labels; for a regression set regression");
      }
    }
    labels_.push_back(found->second);
    return absl::OkStatus();
  }

  // The classes in their order: as given, as line 1 says, or sorted.
  absl::StatusOr<std::vector<std::string>> ClassNames() const {
    if (!options_.class_names.empty()) return options_.class_names;
    if (counts_) return counts_->class_names;
    std::vector<std::pair<double, std::string>> sorted;
    const std::string* word = nullptr;
    size_t numbers = 0;
    for (const auto& [text, id] : ids_) {
      const auto number = ParseNumber(text);
      numbers += number.has_value();
      if (!number) word = &text;
      sorted.emplace_back(number.value_or(0.0), text);
    }
    std::vector<std::string> names;
    if (numbers < sorted.size()) {  // std::map has them in order already
      // One word on the first line over numbers everywhere else is a header whose feature names are numbers.
      if (!header_ && numbers + 1 == sorted.size() && numbers > 0 &&
          first_lines_[static_cast<size_t>(ids_.at(*word))] == 1 &&
          std::count(labels_.begin(), labels_.end(), 0) == 1) {
        return Error(Place(1, label_), "label ", Quoted(*word),
                     " is a word, all others are numbers; if line 1 is a header, set label_column to it");
      }
      for (const auto& [number, text] : sorted) names.push_back(text);
      return names;
    }
    std::sort(sorted.begin(), sorted.end());
    for (size_t i = 0; i < sorted.size(); ++i) {
      const auto& [number, text] = sorted[i];
      const int64_t line = first_lines_[static_cast<size_t>(ids_.at(text))];
      if (number != std::floor(number) || !std::isfinite(number)) {
        return Error(Place(line, label_), "label ", Quoted(text),
                     " is not a whole number; for a regression set regression, else class_names");
      }
      if (i > 0 && sorted[i - 1].first == number) {
        return Error(Place(line, label_), "labels ", Quoted(sorted[i - 1].second), " and ", Quoted(text),
                     " are one number; write it in one way");
      }
      names.push_back(text);
    }
    return names;
  }

  absl::StatusOr<Dataset> Assemble() {
    if (rows_ == 0) return Error("has a header but no rows");
    if (counts_ && counts_->rows != rows_) {
      return Error("line 1 says ", counts_->rows, " rows, the file has ", rows_,
                   rows_ < counts_->rows ? "; it is truncated" : "");
    }
    Dataset dataset;
    dataset.name = NameOfPath(name_);
    std::vector<int64_t> shape = options_.sample_shape;
    if (shape.empty()) shape = {static_cast<int64_t>(columns_) - 1};
    if (header_ && shape.back() == static_cast<int64_t>(columns_) - 1) {
      for (size_t c = 0; c < columns_; ++c) {
        if (c != label_) dataset.feature_names.push_back(names_[c]);
      }
    }
    shape.insert(shape.begin(), rows_);
    dataset.inputs = torch::tensor(inputs_, torch::kFloat32).reshape(shape);
    if (options_.regression) {
      dataset.targets = torch::tensor(targets_, torch::kFloat32).reshape({rows_, 1});
      return Finish(name_, std::move(dataset));
    }
    auto names = ClassNames();
    if (!names.ok()) return names.status();
    std::map<std::string, int64_t> order;
    for (const std::string& name : *names) order.emplace(name, static_cast<int64_t>(order.size()));
    std::vector<int64_t> class_of_id(ids_.size());
    for (const auto& [text, id] : ids_) {
      const auto found = order.find(text);
      if (found == order.end()) {
        return Error(Place(first_lines_[static_cast<size_t>(id)], label_), "label ", Quoted(text),
                     " is none of the classes ", FieldList(*names));
      }
      class_of_id[static_cast<size_t>(id)] = found->second;
    }
    for (int64_t& label : labels_) label = class_of_id[static_cast<size_t>(label)];
    dataset.class_names = *std::move(names);
    dataset.labels = torch::tensor(labels_, torch::kInt64);
    return Finish(name_, std::move(dataset));
  }

  const std::string& name_;
  const CsvOptions& options_;
  Scanner scanner_;
  std::optional<CountsLine> counts_;
  bool header_ = false;
  std::vector<std::string> names_;  // of all columns, where there is a header
  size_t columns_ = 0, label_ = 0;
  int64_t rows_ = 0;
  std::vector<float> inputs_, targets_;
  std::map<std::string, int64_t> ids_;  // label texts, numbered as they come
  std::vector<int64_t> first_lines_;    // by that number
  std::vector<int64_t> labels_;
};

}  // namespace

absl::StatusOr<Dataset> ParseCsv(const std::string& name, std::string_view bytes, const CsvOptions& options) {
  return CsvReader(name, bytes, options).Read();
}

absl::StatusOr<Dataset> ReadCsv(const std::string& path, const CsvOptions& options) {
  auto bytes = ReadFileMaybeGzip(path, options.limits.max_bytes);
  if (!bytes.ok()) return bytes.status();
  return ParseCsv(path, *bytes, options);
}

}  // namespace mote
