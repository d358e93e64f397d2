/* log.h: what the server tells its operator, one line each on standard error (or the file it was pointed at). */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

void log_set(int fd, enum log_level least); /* the only global: the sink. fd < 0: silent */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
