// Loops whose every call is compiled into them.
#pragma once

// Not where a sanitizer looks at each access: that would take minutes to compile.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MM_FLATTENED
#else
#define MM_FLATTENED [[gnu::flatten]]
#endif
