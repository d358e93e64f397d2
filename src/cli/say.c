#include "cli/say.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/print.h"

void say_out(struct buf *out)
{
    if (out->failed)
        say_wrong("out of memory");
    else
        fwrite(out->data ? out->data : "", 1, out->size, stdout);
    buf_clear(out);
    fflush(stdout);
}

void say_wrong(const char *format, ...)
{
    char *sentence = NULL;
    struct buf line = {0};
    va_list args;
    va_start(args, format);
    if (vasprintf(&sentence, format, args) < 0)
        sentence = NULL;
    va_end(args);
    buf_text(&line, "trimtab: ");
    print_lines(&line, sentence ? sentence : "out of memory");
    buf_char(&line, '\n');
    fflush(stdout);
    fwrite(line.data ? line.data : "", 1, line.size, stderr);
    buf_finish(&line);
    free(sentence);
}
