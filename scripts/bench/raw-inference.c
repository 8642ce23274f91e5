/*
 * Runs an ONNX model back to back on the library that the service uses, with nothing around it: what is left to gain.
 *
 *   raw-inference MODEL INPUT DIMENSIONS MULTIPLIER MODULUS OUTPUT...
 *
 * The input is the hashed noise of the model's golden run. For each number on a line of standard input it runs the
 * model so many times and prints {"seconds": S, "means": [one for each output]}; before the first it prints {}.
 *
 * The npm package brings the library and no header. The function table of ONNX Runtime only ever grows at its end, so
 * the places used here, those of version 1 of the interface, hold for every later library too.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtSession OrtSession;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtValue OrtValue;
typedef struct OrtTensorInfo OrtTensorInfo;
typedef void (*AnyFunction)(void);
typedef struct {
  const AnyFunction *(*get_api)(uint32_t version);
  const char *(*get_version)(void);
} OrtApiBase;
const OrtApiBase *OrtGetApiBase(void);

enum { API_VERSION = 1, LOG_ERROR = 3, FLOAT = 1, ARENA_ALLOCATOR = 1, DEFAULT_MEMORY = 0, OUTPUTS_MAX = 16 };

/* Places in the table. */
enum {
  GET_ERROR_MESSAGE = 2,
  CREATE_ENV = 3,
  CREATE_SESSION = 7,
  RUN = 9,
  CREATE_SESSION_OPTIONS = 10,
  SET_INTRA_OP_NUM_THREADS = 24,
  SET_INTER_OP_NUM_THREADS = 25,
  CREATE_TENSOR_WITH_DATA = 49,
  GET_TENSOR_MUTABLE_DATA = 51,
  GET_TENSOR_SHAPE_ELEMENT_COUNT = 64,
  GET_TENSOR_TYPE_AND_SHAPE = 65,
  CREATE_CPU_MEMORY_INFO = 69,
  RELEASE_VALUE = 96,
  RELEASE_TENSOR_TYPE_AND_SHAPE_INFO = 99,
};

static const AnyFunction *api;

static void check(OrtStatus *status) {
  if (status == NULL) return;
  fprintf(stderr, "%s\n", ((const char *(*)(const OrtStatus *))api[GET_ERROR_MESSAGE])(status));
  exit(1);
}

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static OrtSession *open_session(const char *path) {
  OrtEnv *env;
  OrtSessionOptions *options;
  OrtSession *session;
  check(((OrtStatus * (*)(int, const char *, OrtEnv **)) api[CREATE_ENV])(LOG_ERROR, "raw", &env));
  check(((OrtStatus * (*)(OrtSessionOptions **)) api[CREATE_SESSION_OPTIONS])(&options));
  /* One thread, as a worker of the service has. */
  check(((OrtStatus * (*)(OrtSessionOptions *, int)) api[SET_INTRA_OP_NUM_THREADS])(options, 1));
  check(((OrtStatus * (*)(OrtSessionOptions *, int)) api[SET_INTER_OP_NUM_THREADS])(options, 1));
  check(((OrtStatus * (*)(const OrtEnv *, const char *, const OrtSessionOptions *, OrtSession **))
             api[CREATE_SESSION])(env, path, options, &session));
  return session;
}

static OrtValue *make_noise(char *dimensions, uint32_t multiplier, uint32_t modulus) {
  int64_t shape[8];
  size_t rank = 0, size = 1;
  for (char *at = dimensions; *at != '\0' && rank < 8; rank += 1) {
    shape[rank] = strtoll(at, &at, 10);
    size *= (size_t)shape[rank];
    if (*at == 'x') at += 1;
  }
  float *pixels = malloc(size * sizeof(float));
  if (pixels == NULL) exit(1);
  for (size_t i = 0; i < size; i += 1)
    pixels[i] = (float)((double)((uint32_t)i * multiplier % modulus) / modulus);
  OrtMemoryInfo *memory;
  OrtValue *tensor;
  check(((OrtStatus * (*)(int, int, OrtMemoryInfo **)) api[CREATE_CPU_MEMORY_INFO])(ARENA_ALLOCATOR,
                                                                                   DEFAULT_MEMORY, &memory));
  check(((OrtStatus * (*)(const OrtMemoryInfo *, void *, size_t, const int64_t *, size_t, int, OrtValue **))
             api[CREATE_TENSOR_WITH_DATA])(memory, pixels, size * sizeof(float), shape, rank, FLOAT, &tensor));
  return tensor;
}

static double mean_of(OrtValue *value) {
  OrtTensorInfo *info;
  size_t size;
  float *data;
  check(((OrtStatus * (*)(const OrtValue *, OrtTensorInfo **)) api[GET_TENSOR_TYPE_AND_SHAPE])(value, &info));
  check(((OrtStatus * (*)(const OrtTensorInfo *, size_t *)) api[GET_TENSOR_SHAPE_ELEMENT_COUNT])(info, &size));
  check(((OrtStatus * (*)(OrtValue *, void **)) api[GET_TENSOR_MUTABLE_DATA])(value, (void **)&data));
  double sum = 0;
  for (size_t i = 0; i < size; i += 1) sum += data[i];
  ((void (*)(OrtTensorInfo *))api[RELEASE_TENSOR_TYPE_AND_SHAPE_INFO])(info);
  return sum / (double)size;
}

int main(int count, char **arguments) {
  if (count < 7 || count - 6 > OUTPUTS_MAX) return 2;
  api = OrtGetApiBase()->get_api(API_VERSION);
  if (api == NULL) return 1;
  const char *input_names[] = {arguments[2]};
  const char *const *output_names = (const char *const *)arguments + 6;
  const size_t outputs = (size_t)count - 6;
  OrtSession *session = open_session(arguments[1]);
  const uint32_t multiplier = (uint32_t)strtoul(arguments[4], NULL, 10);
  OrtValue *input = make_noise(arguments[3], multiplier, (uint32_t)strtoul(arguments[5], NULL, 10));
  const OrtValue *inputs[] = {input};
  puts("{}");
  fflush(stdout);
  long runs;
  while (scanf("%ld", &runs) == 1) {
    double means[OUTPUTS_MAX] = {0};
    const double started = now_seconds();
    for (long run = 0; run < runs; run += 1) {
      OrtValue *values[OUTPUTS_MAX] = {NULL};
      check(((OrtStatus * (*)(OrtSession *, const void *, const char *const *, const OrtValue *const *, size_t,
                              const char *const *, size_t, OrtValue **))
                 api[RUN])(session, NULL, input_names, inputs, 1, output_names, outputs, values));
      for (size_t i = 0; i < outputs; i += 1) {
        if (run == runs - 1) means[i] = mean_of(values[i]);
        ((void (*)(OrtValue *))api[RELEASE_VALUE])(values[i]);
      }
    }
    printf("{\"seconds\": %.6f, \"means\": [", now_seconds() - started);
    for (size_t i = 0; i < outputs; i += 1) printf("%s%.6g", i == 0 ? "" : ", ", means[i]);
    puts("]}");
    fflush(stdout);
  }
  return 0;
}
