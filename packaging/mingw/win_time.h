/* What Verovio includes on Windows for compilers without gettimeofday. MinGW's has it. */
#include <sys/time.h>
