#include "export/compiler/record.h"
