// mote/mote.h: all of mote for C++ programs. From data to a file that is known to run exactly as it was trained:
//
//   Digits, ReadCsv, ...       -> Dataset           datasets/readers.h
//   NetworkBuilder             -> Network           train/network.h
//   FloatNetwork::Create, Fit  -> FloatNetwork      train/float_network.h, train/fit.h
//   QuantizedNetwork::Create, Fit, ToInteger        quantize/quantize.h
//   ExportTflite               -> model.tflite      export/tflite.h
//   RuntimeModel, VerifyModel  -> equal or not      export/runtime_model.h, export/verify.h
//
// docs/examples/train_digits is the whole way on one page.
#ifndef MOTE_EXPORT_MOTE_H_
#define MOTE_EXPORT_MOTE_H_

#include "datasets/readers.h"
#include "export/emulator.h"
#include "export/inspect.h"
#include "export/runtime_model.h"
#include "export/tflite.h"
#include "export/verify.h"
#include "quantize/quantize.h"
#include "train/checkpoint.h"
#include "train/fit.h"
#include "train/float_network.h"

#endif  // MOTE_EXPORT_MOTE_H_
