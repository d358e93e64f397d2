#include "cli/verify.h"

#include <inttypes.h>

#include "base/folder.h"
#include "cli/offline.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "store/store.h"

static void print_count(struct buf *out, uint64_t count, const char *what)
{
    buf_printf(out, "%" PRIu64 " %s%s", count, what, count == 1 ? "" : "s");
}

static void print_verdict(const struct session *session, const struct store_verdict *verdict, struct buf *out)
{
    bool ok = verdict->bad_sequence == 0;
    if (session->json) {
        json_t *told = json_pack("{s:b, s:I, s:I, s:s}", "ok", ok, "records", (json_int_t)verdict->records, "open",
                                 (json_int_t)verdict->open, "head", verdict->head);
        if (!ok) {
            json_object_set_new(told, "bad", json_integer((json_int_t)verdict->bad_sequence));
            json_object_set_new(told, "why", json_string(verdict->why));
        }
        print_value(out, told);
        json_decref(told);
    } else if (ok) {
        buf_text(out, "ok: ");
        print_count(out, verdict->records, "record");
        buf_printf(out, ", chain unbroken, head %s", *verdict->head ? verdict->head : "none");
        if (verdict->open > 0) {
            buf_text(out, "; no outcome yet of ");
            print_count(out, verdict->open, "request");
        }
    } else {
        buf_printf(out, "bad: record %" PRIu64 ": ", verdict->bad_sequence);
        print_text(out, verdict->why);
    }
    buf_char(out, '\n');
}

static int judge(const struct session *session, const struct folder *folder)
{
    struct store_reader *reader;
    struct store_verdict verdict = {0};
    struct buf out = {0};
    struct err err;
    int code = store_reader_open(&reader, folder->path, !folder->is_local, &err);
    if (code == 0) {
        code = store_verify(reader, &verdict, &err);
        store_reader_close(reader);
    }
    if (code < 0) {
        say_wrong("%s", err.text);
        return code == ERR_DAMAGED ? CLI_REFUSED : CLI_NO_SERVER;
    }
    print_verdict(session, &verdict, &out);
    say_out(&out);
    buf_finish(&out);
    return verdict.bad_sequence ? CLI_REFUSED : CLI_DONE;
}

int verify_run(struct session *session)
{
    struct folder folder;
    struct err err;
    session->json = session_is_json(session);
    int status = offline_choose(session);
    if (status != CLI_DONE)
        return status;
    if (folder_open(&folder, session->path, true, &err) < 0) {
        say_wrong("%s", err.text);
        return CLI_NO_SERVER;
    }
    status = judge(session, &folder);
    folder_close(&folder);
    return status;
}
