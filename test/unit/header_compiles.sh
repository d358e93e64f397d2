#!/bin/sh
# header_compiles.sh INCLUDE COMPILER...
# The public header compiles alone, as C11 with a C compiler and as C++17 with a C++ compiler, without a warning; so does a
# program of each language.
set -eu
include=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo '#include <trimtab/trimtab.h>' >"$folder/alone.c"
cp "$folder/alone.c" "$folder/alone.cc"

cat >"$folder/program.c" <<'EOF'
#include <trimtab/trimtab.h>

static void before(void *user)
{
    (void)user;
}

static int after(void *user)
{
    return user == NULL;
}

static int save(void *user, const trimtab_args *args, trimtab_result *result)
{
    (void)user;
    trimtab_result_int(result, "bytes", trimtab_args_int(args, "bytes"));
    return trimtab_args_bool(args, "whole") ? 0 : trimtab_result_fail(result, "not %s", "whole");
}

int main(void)
{
    trimtab_run *run = trimtab_open(&(trimtab_options){.name = "program", .project = "p", .language = "C"});
    double lr = 3e-4;
    trimtab_param params[] = {TRIMTAB_INT("bytes", 1, 0, 9), TRIMTAB_END()};
    trimtab_action_define(run, &(trimtab_definition){.name = "s", .doc = "d", .params = params, .function = save});
    trimtab_set_waiter(run, &(trimtab_waiter){before, after, &lr});
    trimtab_total_steps(run, 10);
    trimtab_setting_double(run, "lr", &lr, 1e-6, 1e-1, "learning rate");
    trimtab_action(run, "save", save, &lr);
    trimtab_action(run, "save as", save, &lr, TRIMTAB_STRING("path", ""), TRIMTAB_INT("bytes", 1, 0, 9),
                   TRIMTAB_DOUBLE("part", 0.5, 0, 1), TRIMTAB_BOOL("whole", true));
    trimtab_series loss = trimtab_series_declare(run, "train/loss", "nats");
    for (int64_t step = 0; trimtab_control_point(run, &step) != TRIMTAB_STOP; step++)
        trimtab_log(run, loss, lr);
    trimtab_close(run);
    return 0;
}
EOF

cat >"$folder/program.cc" <<'EOF'
#include <trimtab/trimtab.h>

#include <string>

namespace {
struct Model {
    double lr = 3e-4;
    std::string saved;
};

int save(void *user, const trimtab_args *args, trimtab_result *result)
{
    auto *model = static_cast<Model *>(user);
    model->saved = trimtab_args_string(args, "path");
    trimtab_result_string(result, "path", model->saved.c_str());
    return model->saved.empty() ? trimtab_result_fail(result, "%s", "no path") : 0;
}
} // namespace

int main()
{
    trimtab_options options{};
    options.name = "program";
    options.project = "p";
    trimtab_run *run = trimtab_open(&options);
    trimtab_total_steps(run, 10);
    Model model;
    const trimtab_param params[] = {TRIMTAB_INT("bytes", 1, 0, 9), TRIMTAB_END()};
    trimtab_definition definition{};
    definition.name = "define";
    definition.params = params;
    definition.function = save;
    definition.user = &model;
    trimtab_action_define(run, &definition);
    trimtab_waiter waiter{};
    waiter.before = [](void *) {};
    waiter.after = [](void *) { return 0; };
    trimtab_set_waiter(run, &waiter);
    trimtab_setting_double(run, "lr", &model.lr, 1e-6, 1e-1, "learning rate");
    trimtab_action(run, "evaluate", [](void *, const trimtab_args *, trimtab_result *) { return 0; }, nullptr);
    trimtab_action(run, "save", save, &model, TRIMTAB_STRING("path", ""), TRIMTAB_INT("bytes", 1, 0, 9),
                   TRIMTAB_DOUBLE("part", 0.5, 0, 1), TRIMTAB_BOOL("whole", true));
    const trimtab_series loss = trimtab_series_declare(run, "train/loss", "nats");
    for (std::int64_t step = 0; trimtab_control_point(run, &step) != TRIMTAB_STOP; step++)
        trimtab_log(run, loss, model.lr);
    trimtab_close(run);
}
EOF

for compiler in "$@"; do
    case $compiler in
    *++*) language=-std=c++17 files='alone.cc program.cc' ;;
    *) language=-std=c11 files='alone.c program.c' ;;
    esac
    for file in $files; do
        # Unquoted: a compiler may be a command with arguments (ccache gcc).
        $compiler $language -Wall -Wextra -Wpedantic -Wconversion -Werror -I"$include" -c "$folder/$file" \
            -o "$folder/$file.o"
    done
done
