// Layers whose functions differ in numbers and constants alone, written once: as one function that is called with what
// differs.
#ifndef MOTE_EXPORT_COMPILER_LAYER_TEXT_H_
#define MOTE_EXPORT_COMPILER_LAYER_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace mote::compiler {

// The body of a layer's function: pieces of text, and between each two of them a value.
class LayerText {
 public:
  // A value where a number may stand, `name` saying what it is.
  struct Value {
    std::string name;
    std::string pointer;     // the type of a constant's address: "const uint8_t*"; empty of numbers
    std::string text;        // as it is written: "-128", "kLayer3Weights"
    int64_t number = 0;      // of numbers
    bool is_field = false;   // of a structure of parameters, whose fields have types of their own
    bool is_length = false;  // of an array that no layer uses more of: the longest serves all
  };

  void Add(const std::string& text) { pieces_.back() += text; }
  void AddNumber(const std::string& name, int64_t number);
  // An address in the arena.
  void AddPlace(const std::string& name, int64_t offset);
  void AddLength(int64_t length);
  void AddPointer(const std::string& name, const std::string& type, const std::string& text);
  // A structure's initializer, "{/*channels=*/64, /*window=*/{...}, /*weights=*/kLayer3Weights}": its numbers, and the
  // addresses of `constants`, are values, each with the name in the comment before it.
  struct NamedConstant {
    std::string field;    // "weights": its name where no comment says one
    std::string name;     // "kLayer3Weights"
    std::string element;  // "uint8_t"
  };
  void AddInitializer(const std::string& text, const std::vector<NamedConstant>& constants);

  const std::vector<std::string>& pieces() const { return pieces_; }
  const std::vector<Value>& values() const { return values_; }
  // Whether one function serves both.
  bool IsLike(const LayerText& other) const;

 private:
  void AddField(const std::string& name, const std::string& token, const std::vector<NamedConstant>& constants);
  void AddValue(Value value);

  std::vector<std::string> pieces_ = {""};
  std::vector<Value> values_;
};

// What a function for several layers is given: a structure a layer, of the fields in which they differ. Fields that
// are the same in each layer are one; numbers stand in the least type that holds all of them.
struct SharedLayerText {
  std::string fields;                     // the structure's, a line each; empty where all layers are the same
  std::vector<std::string> initializers;  // a layer: "{kLayer1Weights, 64, 3}"
  std::string body;
};
SharedLayerText Share(const std::vector<const LayerText*>& layers);

}  // namespace mote::compiler

#endif  // MOTE_EXPORT_COMPILER_LAYER_TEXT_H_
