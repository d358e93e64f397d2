/* raised.h: exceptions as one object, whatever the version of Python, and as a sentence. */
#ifndef CORE_RAISED_H
#define CORE_RAISED_H

#include "core.h"

/* The exception that is raised, which then is raised no more; a new reference, NULL: there is none. */
PyObject *raised_take(void);
/* Raises it; takes over the reference. */
void raised_put(PyObject *exception);

/* An Exception, which concerns one value or one request, not the loop (as KeyboardInterrupt does)? */
bool raised_is_local(PyObject *exception);

/* str(exception), or the type's name where that says nothing. With `typed` "TypeName: text", but for ValueError.
 * Always text: where it cannot be had, "an exception". A new reference; NULL only for want of memory, nothing raised.
 */
PyObject *raised_text(PyObject *exception, bool typed);
/* The same as bytes of UTF-8; what has none is replaced. */
PyObject *raised_bytes(PyObject *exception, bool typed);

#endif
