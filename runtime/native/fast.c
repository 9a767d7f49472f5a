/* Functions without arguments that V8's optimised code calls directly: V8's fast API calls, which take half as long as a call by Node-API, which has
 * none of them. So these few symbols of V8 are looked up in the running program. Their names tell the types of all parameters; what names do not tell
 * (the values of enumerations, that a handle is a pointer) has been the same in all versions that are listed here. With any other, and where a symbol
 * is missing, callers do without.
 * A fast call has no place for an exception, and nothing of V8 may be called in it. `OURO_FAST_CALLS=off` does without, to find out what is to blame. */
#define _GNU_SOURCE
#include "ouro.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A v8::Local, and what V8 calls `this` of what it refers to. Node-API's values are the same. */
typedef void *local;

/* v8::CTypeInfo: the type, then what is 0 for plain ones. */
struct type_info {
  uint8_t type, more[3];
};
#define TYPE_VOID 0
#define TYPE_V8_VALUE 10

/* v8::CFunctionInfo and v8::CFunction, which V8's constructors fill. */
struct room {
  uint64_t words[8];
};

static struct {
  local (*current_isolate)(void);
  local (*current_context)(local isolate);
  void (*make_info)(struct room *info, const struct type_info *result, unsigned count, const struct type_info *arguments, uint8_t int64s);
  void (*make_function)(struct room *function, const void *code, const struct room *info);
  local (*make_template)(local isolate, napi_callback slow, local data, local signature, int length, int behavior, int effect,
                         const struct room *function, uint16_t type, uint16_t first, uint16_t last);
  void (*set_name)(local template, local name);
  local (*get_function)(local template, local context);
} v8;

static struct room info;

/* Whether this is the V8 of a Node that this has been tried on: 20, 22, 24, 26. */
static bool is_known(const char *version) {
  static const char *const known[] = {"11.3.", "12.4.", "13.6.", "14.6."};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strncmp(version, known[i], strlen(known[i])) == 0) return strstr(version, "-node.") != NULL;
  }
  return false;
}

static bool find(const char *name, void *place) {
  void *symbol = dlsym(RTLD_DEFAULT, name);
  memcpy(place, &symbol, sizeof symbol);
  return symbol != NULL;
}

static bool found;

static void look_up(void) {
  const char *(*version)(void);
  const char *wish = getenv("OURO_FAST_CALLS");
  if (wish && strcmp(wish, "off") == 0) return;
  found = find("_ZN2v82V810GetVersionEv", &version) && is_known(version()) && find("_ZN2v87Isolate10GetCurrentEv", &v8.current_isolate) &&
          find("_ZN2v87Isolate17GetCurrentContextEv", &v8.current_context) &&
          (find("_ZN2v813CFunctionInfoC1ERKNS_9CTypeInfoEjPS2_NS0_19Int64RepresentationE", &v8.make_info) ||
           find("_ZN2v813CFunctionInfoC1ERKNS_9CTypeInfoEjPS2_", &v8.make_info)) &&
          find("_ZN2v89CFunctionC1EPKvPKNS_13CFunctionInfoE", &v8.make_function) &&
          find("_ZN2v816FunctionTemplate3NewEPNS_7IsolateEPFvRKNS_20FunctionCallbackInfoINS_5ValueEEEENS_5LocalIS4_EENSA_INS_9SignatureEEEiNS_"
               "19ConstructorBehaviorENS_14SideEffectTypeEPKNS_9CFunctionEttt",
               &v8.make_template) &&
          find("_ZN2v816FunctionTemplate12SetClassNameENS_5LocalINS_6StringEEE", &v8.set_name) &&
          find("_ZN2v816FunctionTemplate11GetFunctionENS_5LocalINS_7ContextEEE", &v8.get_function);
  if (!found) return;
  static const struct type_info types[] = {{TYPE_VOID, {0}}, {TYPE_V8_VALUE, {0}}}; /* the result, and the receiver */
  v8.make_info(&info, &types[0], 1, &types[1], 0);
}

bool ouro_calls_fast(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, look_up);
  return found;
}

/* A JS function that calls `code`; null where there are no fast calls. */
napi_value ouro_fast_function(napi_value name, napi_callback code) {
  if (!ouro_calls_fast()) return NULL;
  local isolate = v8.current_isolate();
  struct room function;
  v8.make_function(&function, (const void *)code, &info);
  local template = v8.make_template(isolate, code, NULL, NULL, 0, 0, 0, &function, 0, 0, 0);
  v8.set_name(template, name);
  return (napi_value)v8.get_function(template, v8.current_context(isolate));
}
