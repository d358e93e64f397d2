#include "cli/command_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_script(const char *word)
{
    size_t size = strlen(word);
    return size > 3 && strcmp(word + size - 3, ".py") == 0;
}

/* python, python3, python3.11, pypy3 */
static bool is_python(const char *program)
{
    size_t head = strncmp(program, "python", 6) == 0 ? 6 : strncmp(program, "pypy", 4) == 0 ? 4 : 0;
    return head > 0 && program[head + strspn(program + head, "0123456789.")] == '\0';
}

/* Of these, and of what they start, only a name that ends in .py or -m tells what is run: their options are many. */
static bool is_launcher(const char *program)
{
    static const char *const names[] = {"torchrun",
                                        "accelerate",
                                        "deepspeed",
                                        "uv",
                                        "mpirun",
                                        "mpiexec",
                                        "srun",
                                        "torch.distributed.run",
                                        "torch.distributed.launch",
                                        "accelerate.commands.launch"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], program) == 0)
            return true;
    return false;
}

/* The script without .py: "train". */
static bool name_script(const char *script, char name[NAME_MAX + 1])
{
    const char *last = last_part(script);
    int size = (int)strlen(last) - (is_script(last) ? 3 : 0);
    snprintf(name, NAME_MAX + 1, "%.*s", size, last);
    return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* The last part of a module: "train"; a package's __main__ goes by the package's name. */
static bool name_module(const char *module, char name[NAME_MAX + 1])
{
    static const char main_part[] = ".__main__";
    size_t size = strlen(module), tail = sizeof main_part - 1;
    if (size > tail && strcmp(module + size - tail, main_part) == 0)
        size -= tail;
    size_t begin = size;
    while (begin > 0 && module[begin - 1] != '.')
        begin--;
    snprintf(name, NAME_MAX + 1, "%.*s", (int)(size - begin), module + begin);
    return *name;
}

static bool name_launched(char *const *words, char name[NAME_MAX + 1])
{
    for (; *words; words++) {
        bool is_module = strcmp(*words, "-m") == 0 || strcmp(*words, "--module") == 0;
        if (is_script(*words))
            return name_script(*words, name);
        if (is_module && words[1] && is_launcher(words[1]))
            words++;
        else if (is_module && words[1] && words[1][0] != '-' && !is_script(words[1]))
            return name_module(words[1], name);
    }
    return false;
}

static bool name_interpreted(char *const *words, char name[NAME_MAX + 1])
{
    for (; *words; words++) {
        const char *word = *words;
        if (word[0] != '-')
            return name_script(word, name);
        if (strcmp(word, "-c") == 0 || strcmp(word, "-") == 0)
            return false;
        if (strcmp(word, "-m") == 0 && words[1])
            return is_launcher(words[1]) ? name_launched(words + 2, name) : name_module(words[1], name);
        if ((strcmp(word, "-W") == 0 || strcmp(word, "-X") == 0) && words[1])
            words++;
    }
    return false;
}

void command_name(char *const *command, char name[NAME_MAX + 1])
{
    const char *program = last_part(command[0]);
    bool named = is_python(program)     ? name_interpreted(command + 1, name)
                 : is_launcher(program) ? name_launched(command + 1, name)
                                        : name_script(program, name);
    if (!named)
        snprintf(name, NAME_MAX + 1, "%s", program);
}
