/* bcryptprimitives.dll for a Wine that does not have it (before version 9): the one function that Rust's library asks for. */
#include <windows.h>

/* RtlGenRandom, which Wine has always had. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG size);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T size) {
    return SystemFunction036(buffer, (ULONG)size);
}
