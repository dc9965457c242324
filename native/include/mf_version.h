/* Version of the flight software, the same as in pyproject.toml (a test compares them). */
#ifndef MF_VERSION_H
#define MF_VERSION_H

#define MF_VERSION "0.1.0"

#endif
