// What TensorFlow Lite calls its builtin operators and tensor types, by the file format's numbers; for messages.
#ifndef MOTE_EXPORT_OPERATOR_NAMES_H_
#define MOTE_EXPORT_OPERATOR_NAMES_H_

#include <string>

namespace mote {

std::string BuiltinOperatorName(int code);  // "CONV_2D"; "operator code 999" for one that is not known
std::string TensorTypeName(int type);       // "int8", as NumPy spells it; "type 99" for one that is not known

}  // namespace mote

#endif  // MOTE_EXPORT_OPERATOR_NAMES_H_
