#include "model/event.h"

unsigned event_topic(enum event_kind kind)
{
    switch (kind) {
    case EVENT_POINT:
        return TOPIC_SCALARS;
    case EVENT_RUN:
        return TOPIC_RUN;
    case EVENT_SETTING:
        return TOPIC_SETTINGS;
    case EVENT_STARTED:
    case EVENT_OUTCOME:
        return TOPIC_OUTCOMES;
    case EVENT_MESSAGE:
    case EVENT_CHECKPOINT:
        return TOPIC_MESSAGES;
    case EVENT_DECLARED:
        return TOPIC_DECLARATIONS;
    case EVENT_CLIENT:
        return TOPIC_CLIENTS;
    case EVENT_OUTPUT:
        return TOPIC_OUTPUT;
    }
    return 0;
}
