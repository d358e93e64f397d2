/* summary.h: a run in a few words, for those who look at others of its kind. */
#ifndef STORE_SUMMARY_H
#define STORE_SUMMARY_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the JSON object of the run in a folder, as in the result of code 13; of one that cannot be read `folder` and
 * `error`. Nothing in the folder is changed. The folder must not be one that this process serves (closing a file would
 * free its locks). ERR_NOMEM: nothing is appended. */
int store_summary(const char *run, struct buf *out, struct err *err);

#endif
