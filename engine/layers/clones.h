// clones.h: one machine code a processor, chosen by the dynamic linker when the program is loaded.
// RIGPILOT_CLONES before a function whose loops the compiler makes vectors of; what it calls must be RIGPILOT_INLINE to be compiled
// along. Chosen by what a processor can do, not by its maker (arch=haswell and the like mean Intel's alone). Not with
// clang, whose older versions do not know these levels.
#pragma once

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define RIGPILOT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RIGPILOT_CLONES
#endif
#define RIGPILOT_INLINE inline __attribute__((always_inline))
