// See transport/device.h.
#pragma once

#include <gloo/context.h>
