#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "export/text_table.h"
#include "export/verify.h"
#include "nlohmann/json.hpp"

namespace mote {
namespace {

using nlohmann::json;

std::string DifferenceText(const Difference& difference) {
  return absl::StrCat("first difference at ", difference.op_name, ", tensor ", difference.tensor,
                      difference.tensor_name.empty() ? "" : absl::StrCat(" '", difference.tensor_name, "'"),
                      ", sample ", difference.sample, ", index [", absl::StrJoin(difference.index, ", "),
                      "]: expected ", difference.expected, ", got ", difference.actual);
}

}  // namespace

std::string VerifyTable(const std::vector<BackendResult>& results) {
  std::vector<std::vector<std::string>> rows = {
      {"back end", "samples", "accuracy", "bytes compared", "differ", "output bytes that differ", "seconds", "note"}};
  std::string lines;
  for (const BackendResult& result : results) {
    const std::string accuracy = result.accuracy ? absl::StrFormat("%.2f %%", 100.0 * *result.accuracy) : "-";
    const std::string seconds = absl::StrFormat("%.2f", result.seconds);
    if (result.ran) {
      rows.push_back({result.backend, Grouped(result.samples), accuracy, Grouped(result.bytes_compared),
                      Grouped(result.bytes_different), Grouped(result.output_bytes_different), seconds, result.note});
    } else {
      rows.push_back({result.backend, Grouped(result.samples), "-", "-", "-", "-", seconds, "DID NOT RUN"});
      absl::StrAppend(&lines, result.backend, ": did not run: ", result.note, "\n");
    }
    if (result.first_difference) {
      absl::StrAppend(&lines, result.backend, ": ", DifferenceText(*result.first_difference), "\n");
    }
  }
  return TextTable(rows, {false, true, true, true, true, true, true, false}) + lines;
}

std::string VerifyJson(const std::vector<BackendResult>& results) {
  json list = json::array();
  for (const BackendResult& result : results) {
    json object = {{"backend", result.backend},
                   {"ran", result.ran},
                   {"samples", result.samples},
                   {"accuracy", nullptr},
                   {"bytes_compared", result.bytes_compared},
                   {"bytes_different", result.bytes_different},
                   {"output_bytes_different", result.output_bytes_different},
                   {"first_difference", nullptr},
                   {"seconds", result.seconds},
                   {"note", result.note}};
    if (result.accuracy) object["accuracy"] = *result.accuracy;
    if (result.first_difference) {
      const Difference& first = *result.first_difference;
      object["first_difference"] = {{"operator", first.op},       {"operator_name", first.op_name},
                                    {"tensor", first.tensor},     {"tensor_name", first.tensor_name},
                                    {"sample", first.sample},     {"index", first.index},
                                    {"expected", first.expected}, {"actual", first.actual}};
    }
    list.push_back(std::move(object));
  }
  return list.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace mote
