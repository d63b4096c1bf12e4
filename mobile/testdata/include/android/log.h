/* Stands in for the NDK's <android/log.h>, so that gobind's JNI code compiles for a desktop JVM: it only uses
 * __android_log_print, with these two levels. */
#ifndef FIELDSYNC_ANDROID_LOG_H
#define FIELDSYNC_ANDROID_LOG_H
#include <stdarg.h>
#include <stdio.h>
enum { ANDROID_LOG_INFO = 4, ANDROID_LOG_FATAL = 7 };
__attribute__((unused, format(printf, 3, 4)))
static int __android_log_print(int level, const char *tag, const char *format, ...) {
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%c/%s: ", level == ANDROID_LOG_FATAL ? 'F' : 'I', tag);
	int n = vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return n;
}
#endif
