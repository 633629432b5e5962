/* A recorded scenario that nobody has recorded yet, for suites of the gate. */
#ifndef GABLE_TESTS_RECORDED_H
#define GABLE_TESTS_RECORDED_H

static const char blank[] = "{\n"
                            "  \"schema\": \"gable.check/1\",\n"
                            "  \"name\": \"case\",\n"
                            "  \"why\": \"a test\",\n"
                            "  \"scenario\": {\n"
                            "    \"model\": \"dense-30b\",\n"
                            "    \"system\": \"h100-sxm\",\n"
                            "    \"stack\": \"ideal\",\n"
                            "    \"phase\": \"decode\",\n"
                            "    \"batch\": 1,\n"
                            "    \"context\": 0,\n"
                            "    \"new_tokens\": 1\n"
                            "  }\n"
                            "}\n";

#endif
