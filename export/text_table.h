// Aligned columns for terminals.
#ifndef MOTE_EXPORT_TEXT_TABLE_H_
#define MOTE_EXPORT_TEXT_TABLE_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace mote {

// `rows[0]` is the header. Columns whose `right` is true are aligned to the right. Widths count UTF-8 characters.
inline std::string TextTable(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right) {
  const auto width_of = [](const std::string& text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  };
  std::vector<size_t> widths(right.size(), 0);
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width_of(row[c]));
  }
  std::string text;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line, rule;
    for (size_t c = 0; c < rows[r].size(); ++c) {
      const size_t gap = widths[c] - width_of(rows[r][c]);
      if (c > 0) line.append(2, ' ');
      if (right[c]) line.append(gap, ' ');
      line.append(rows[r][c]);
      if (!right[c]) line.append(gap, ' ');
      if (c > 0) rule.append(2, ' ');
      rule.append(widths[c], '-');
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text.append(line).push_back('\n');
    if (r == 0) text.append(rule).push_back('\n');
  }
  return text;
}

// 1234567 as "1,234,567".
inline std::string Grouped(int64_t value) {
  const std::string digits = std::to_string(value);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && digits[i - 1] != '-' && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

}  // namespace mote

#endif  // MOTE_EXPORT_TEXT_TABLE_H_
