/* What Verovio includes on Windows for compilers without <dirent.h>. MinGW's has one. */
#include <dirent.h>
