#include "cli/csv.h"

#include <string.h>

void csv_text(struct buf *out, struct text text)
{
    bool quotes = text.size == 0;
    for (size_t i = 0; i < text.size && !quotes; i++)
        quotes = strchr(",\"\r\n", text.data[i]) != NULL;
    if (!quotes) {
        buf_add(out, text.data, text.size);
        return;
    }
    buf_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"')
            buf_char(out, '"');
        buf_char(out, text.data[i]);
    }
    buf_char(out, '"');
}
