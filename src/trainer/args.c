#include "trainer/args.h"

#include <inttypes.h>
#include <string.h>

static void add_text(struct trimtab_args *args, struct value *value)
{
    struct text text = value->text;

    value->text.data = args->texts.data + args->texts.size; /* reserved by args_init: it does not move */
    buf_add(&args->texts, text.data, text.size);
    buf_char(&args->texts, 0);
}

static int add_item(struct trimtab_args *args, const struct mailbox_item *item, struct err *err)
{
    if (item->id >= args->action->params)
        return err_set(err, ERR_INVALID, "action %s has %" PRIu32 " parameters, none at place %" PRIu32,
                       args->action->name, args->action->params, item->id);
    const struct param *param = &args->action->param[item->id];
    struct value *value = &args->value[item->id];
    int code = domain_check(&param->domain, "parameter", param->name, &item->value, err);
    if (code < 0)
        return code;
    *value = item->value;
    args->given[item->id] = true;
    if (value->type == VALUE_STRING)
        add_text(args, value);
    return 0;
}

static bool reserve_texts(struct trimtab_args *args, const struct mailbox_request *request)
{
    size_t size = 0;

    for (uint32_t i = 0; i < request->items; i++)
        if (request->item[i].value.type == VALUE_STRING)
            size += request->item[i].value.text.size + 1;
    return buf_reserve(&args->texts, size);
}

int args_init(struct trimtab_args *args, const struct action *action, const struct mailbox_request *request,
              struct err *err)
{
    args->action = action;
    buf_init(&args->texts);
    for (uint32_t i = 0; i < action->params; i++)
        args->value[i] = action->param[i].value;
    memset(args->given, 0, sizeof args->given);
    if (!reserve_texts(args, request))
        return err_set(err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
    for (uint32_t i = 0; i < request->items; i++) {
        int code = add_item(args, &request->item[i], err);
        if (code < 0)
            return code;
    }
    return 0;
}

void args_finish(struct trimtab_args *args)
{
    buf_finish(&args->texts);
}

/* The place of a parameter; TRIMTAB_PARAMS_MAX: none has that name. */
static uint32_t place(const trimtab_args *args, const char *name)
{
    for (uint32_t i = 0; args && name && i < args->action->params; i++)
        if (strcmp(args->action->param[i].name, name) == 0)
            return i;
    return TRIMTAB_PARAMS_MAX;
}

static const struct value *find(const trimtab_args *args, const char *name, enum value_type type)
{
    uint32_t i = place(args, name);

    return i < TRIMTAB_PARAMS_MAX && args->value[i].type == type ? &args->value[i] : NULL;
}

bool trimtab_args_given(const trimtab_args *args, const char *name)
{
    uint32_t i = place(args, name);

    return i < TRIMTAB_PARAMS_MAX && args->given[i];
}

int64_t trimtab_args_int(const trimtab_args *args, const char *name)
{
    const struct value *value = find(args, name, VALUE_INT);

    return value ? value->integer : 0;
}

double trimtab_args_double(const trimtab_args *args, const char *name)
{
    const struct value *value = find(args, name, VALUE_DOUBLE);

    return value ? value->number : 0;
}

bool trimtab_args_bool(const trimtab_args *args, const char *name)
{
    const struct value *value = find(args, name, VALUE_BOOL);

    return value && value->integer != 0;
}

const char *trimtab_args_string(const trimtab_args *args, const char *name)
{
    const struct value *value = find(args, name, VALUE_STRING);

    return value ? value->text.data : "";
}
