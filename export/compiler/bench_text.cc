#include "export/compiler/bench_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace mote::compiler {
namespace {

// 1234567 as "1,234,567".
std::string Grouped(int64_t number) {
  const std::string digits = absl::StrCat(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0 && digits[i - 1] != '-') text += ',';
    text += digits[i];
  }
  return text;
}

std::string PerMac(int64_t instructions, int64_t macs) {
  return macs == 0 ? "" : absl::StrFormat("%.2f", static_cast<double>(instructions) / static_cast<double>(macs));
}

std::string LayerTable(const BenchReport& report) {
  size_t text_width = 5, variant_width = 6;
  for (const BenchLayer& layer : report.layers) {
    text_width = std::max(text_width, layer.text.size());
    variant_width = std::max(variant_width, layer.variant.size());
  }
  const int first = static_cast<int>(text_width), second = static_cast<int>(variant_width);
  std::string text = absl::StrFormat("  # %-*s  %-*s  %12s  %12s  %6s\n", first, "layer", second, "kernel", "MAC",
                                     "instructions", "a MAC");
  for (const BenchLayer& layer : report.layers) {
    absl::StrAppendFormat(&text, "%3d %-*s  %-*s  %12s  %12s  %6s\n", layer.index, first, layer.text, second,
                          layer.variant, Grouped(layer.macs), Grouped(layer.instructions),
                          PerMac(layer.instructions, layer.macs));
  }
  return text;
}

// "0.34 of 7,696,960"
std::string Beside(int64_t own, int64_t other) {
  return other == 0 || own == 0
             ? ""
             : absl::StrFormat("%.2f of %s", static_cast<double>(own) / static_cast<double>(other), Grouped(other));
}

// One line for the interpreter and for each peer: this model's figures as shares of theirs.
std::string Comparison(const BenchReport& report) {
  std::string text;
  const auto add = [&text](const std::string& name, const std::string& instructions, const std::string& code,
                           const std::string& ram) {
    absl::StrAppend(&text, "beside ", name, ": ", instructions, " instructions",
                    code.empty() ? "" : absl::StrCat(", ", code, " bytes of code"),
                    ram.empty() ? "" : absl::StrCat(", ", ram, " bytes of RAM"), "\n");
  };
  if (report.interpreter) {
    add(report.stream ? "mote's interpreter, which takes the whole window" : "mote's interpreter",
        Beside(report.instructions, report.interpreter->instructions), "",
        Beside(report.ram_bytes(), report.interpreter->arena_bytes + report.interpreter->stack_bytes));
  }
  for (const Peer& peer : report.peers) {
    add(peer.name, Beside(report.instructions, peer.instructions), Beside(report.code_bytes, peer.code_bytes),
        Beside(report.ram_bytes(), peer.ram_bytes));
  }
  return text;
}

std::string BoardText(const BoardEstimate& board) {
  std::string text =
      absl::StrFormat("estimate      %s at %g MHz: %.2f ms", board.board, board.megahertz, board.milliseconds);
  if (board.microjoules != 0) absl::StrAppendFormat(&text, ", %.0f uJ", board.microjoules);
  absl::StrAppendFormat(&text, "\n              = instructions * %.2f cycles / clock", board.cycles);
  if (board.microjoules != 0) absl::StrAppendFormat(&text, ", * %.1f mW", board.milliwatts);
  absl::StrAppendFormat(&text, "; mean error against %d published results: time %.0f %%", board.results,
                        100 * board.time_error);
  if (board.microjoules != 0) absl::StrAppendFormat(&text, ", energy %.0f %%", 100 * board.energy_error);
  return absl::StrCat(text, " (", board.source, ")\n");
}

}  // namespace

std::string BenchText(const BenchReport& report) {
  std::string text = LayerTable(report);
  absl::StrAppend(&text, "\n", report.model, " on ", report.core,
                  report.machine.empty() ? "" : absl::StrCat(" (QEMU ", report.machine, ")"), ", optimized for ",
                  report.optimize, "\n");
  if (report.stream) {
    absl::StrAppendFormat(&text, "a frame       %d of the window's %d rows: %s of %s MAC\n", report.stream->frame_rows,
                          report.stream->window_rows, Grouped(report.macs), Grouped(report.window_macs));
  }
  if (report.instructions != 0) {
    absl::StrAppend(&text, "instructions  ", Grouped(report.instructions));
    if (report.macs != 0) absl::StrAppend(&text, ", ", PerMac(report.instructions, report.macs), " a MAC");
    absl::StrAppend(&text, report.stream ? ", a frame\n" : "\n");
  }
  absl::StrAppend(&text, "flash         ", Grouped(report.code_bytes + report.constant_bytes), " bytes: code ",
                  Grouped(report.code_bytes), ", constants ", Grouped(report.constant_bytes), "\nRAM           ",
                  Grouped(report.ram_bytes()), " bytes: input ", Grouped(report.input_bytes), ", arena beside it ",
                  Grouped(report.arena_bytes), ", static ", Grouped(report.static_bytes), ", stack ",
                  Grouped(report.stack_bytes), "\n");
  absl::StrAppend(&text, Comparison(report));
  if (report.board) absl::StrAppend(&text, BoardText(*report.board));
  absl::StrAppend(&text,
                  report.exact
                      ? absl::StrCat("exact         all outputs of ", report.seeds, " seeds",
                                     report.stream ? absl::StrCat(", ", report.compared_frames, " frames each,") : "",
                                     " are the runtime's")
                      : absl::StrCat("NOT EXACT     ", report.difference),
                  "\n");
  return text;
}

std::string BenchJson(const BenchReport& report) {
  nlohmann::ordered_json json;
  json["model"] = report.model;
  json["sha256"] = report.hash;
  json["core"] = report.core;
  json["machine"] = report.machine;
  json["optimize"] = report.optimize;
  if (report.stream) {
    json["stream"] = {{"frame_rows", report.stream->frame_rows},
                      {"window_rows", report.stream->window_rows},
                      {"window_macs", report.window_macs},
                      {"compared_frames", report.compared_frames}};
  }
  json["instructions"] = report.instructions;
  json["macs"] = report.macs;
  json["code_bytes"] = report.code_bytes;
  json["constant_bytes"] = report.constant_bytes;
  json["arena_bytes"] = report.arena_bytes;
  json["input_bytes"] = report.input_bytes;
  json["static_bytes"] = report.static_bytes;
  json["stack_bytes"] = report.stack_bytes;
  json["ram_bytes"] = report.ram_bytes();
  json["seeds"] = report.seeds;
  json["exact"] = report.exact;
  if (!report.exact) json["difference"] = report.difference;
  json["layers"] = nlohmann::ordered_json::array();
  for (const BenchLayer& layer : report.layers) {
    json["layers"].push_back({{"index", layer.index},
                              {"text", layer.text},
                              {"variant", layer.variant},
                              {"macs", layer.macs},
                              {"instructions", layer.instructions}});
  }
  if (report.interpreter) {
    json["interpreter"] = {{"instructions", report.interpreter->instructions},
                           {"arena_bytes", report.interpreter->arena_bytes},
                           {"stack_bytes", report.interpreter->stack_bytes}};
  }
  json["peers"] = nlohmann::ordered_json::array();
  for (const Peer& peer : report.peers) {
    nlohmann::ordered_json row = {{"name", peer.name}, {"instructions", peer.instructions}};
    if (peer.code_bytes != 0) row["code_bytes"] = peer.code_bytes;
    if (peer.ram_bytes != 0) row["ram_bytes"] = peer.ram_bytes;
    json["peers"].push_back(row);
  }
  if (report.board) {
    const BoardEstimate& board = *report.board;
    json["board"] = {{"name", board.board},
                     {"megahertz", board.megahertz},
                     {"cycles_an_instruction", board.cycles},
                     {"milliseconds", board.milliseconds},
                     {"time_error", board.time_error},
                     {"source", board.source}};
    if (board.microjoules != 0) {
      json["board"]["milliwatts"] = board.milliwatts;
      json["board"]["microjoules"] = board.microjoules;
      json["board"]["energy_error"] = board.energy_error;
    }
  }
  return json.dump(1) + "\n";
}

}  // namespace mote::compiler
