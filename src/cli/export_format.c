#include "cli/export_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/event_file.h"

int export_series(struct export_out *out, const char *series)
{
    if (out->series && strcmp(out->series, series) == 0)
        return 0;
    free(out->series);
    out->series = strdup(series);
    out->count++;
    return out->series ? 1 : ERR_NOMEM;
}

void export_finish(struct export_out *out)
{
    free(out->series);
    buf_finish(&out->line);
    event_writer_destroy(out->events);
    *out = (struct export_out){0};
}

int export_line(struct export_out *out, struct err *err)
{
    if (out->line.failed) {
        errno = ENOMEM;
        return err_set(err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
    }
    if (fwrite(out->line.data, 1, out->line.size, out->file) == out->line.size)
        return 0;
    return err_errno(err, ERR_SYSTEM, "cannot be written");
}
