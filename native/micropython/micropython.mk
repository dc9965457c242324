# MicroPython user C module "native": USER_C_MODULES=<project>/native.
# The port supplies mf_port.h and mf_native_instances() (mf_native.h).
NATIVE_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(NATIVE_DIR)/mod_native.c
SRC_USERMOD_C += $(NATIVE_DIR)/native_objects.c
SRC_USERMOD_C += $(NATIVE_DIR)/native_contact.c
SRC_USERMOD_C += $(NATIVE_DIR)/native_link.c
SRC_USERMOD_C += $(NATIVE_DIR)/native_i2c.c
SRC_USERMOD_C += $(NATIVE_DIR)/native_files.c
SRC_USERMOD_C += $(NATIVE_DIR)/native_archive.c

# Plain C99 without any Python header: no interned strings to collect. The cipher needs the pinned
# BearSSL tree; the port sets BEARSSL_DIR.
NATIVE_CIPHER_C := $(wildcard $(NATIVE_DIR)/../src/crypto/*.c)
SRC_USERMOD_LIB_C += $(filter-out $(NATIVE_CIPHER_C),$(wildcard $(NATIVE_DIR)/../src/*/*.c))
ifneq ($(BEARSSL_DIR),)
SRC_USERMOD_LIB_C += $(NATIVE_CIPHER_C)
CFLAGS_USERMOD += -idirafter $(BEARSSL_DIR) -idirafter $(BEARSSL_DIR)/inc -idirafter $(BEARSSL_DIR)/src
endif

CFLAGS_USERMOD += -I$(NATIVE_DIR) -I$(NATIVE_DIR)/../include
