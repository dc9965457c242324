/* Contacts: when ground stations see the spacecraft, ahead of time.
 *
 * A scan begins at the orbit and the time of the last control tick (SGP4 or GNSS, mf_adcs.h) and is
 * carried on in steps of 10 s by the Earth's mass and J2 (velocity Verlet, Montenbruck & Gill 2000,
 * section 3.2); elevation over the geodetic horizon of WGS-84, where an edge of a window lies in a
 * step by linear interpolation of its sine. Against SGP4 an edge is good to 1 s in the next quarter of
 * an hour and to 5 s over an orbit; refraction is left out, and what is visible for less than a step
 * may be missed. Bounded: `steps` times stations; a scan is spread over many calls. Never NaN. */
#ifndef MF_CONTACT_H
#define MF_CONTACT_H

#include <stdint.h>

#include "mf_kernel.h"
#include "mf_status.h"

#define MF_CONTACT_STATIONS 8
/* A station as it is uplinked, big-endian: latitude_rad, longitude_rad, height_m,
 * elevation_min_rad, f32 each; an octet that is not looked at here; 0 in the last: there is none. */
#define MF_CONTACT_STATION_SIZE 18
#define MF_CONTACT_STEP_S 10
#define MF_CONTACT_STEPS_MAX 1000

enum mf_contact_state {
    MF_CONTACT_NONE = 0,  /* not seen yet */
    MF_CONTACT_BEGUN = 1, /* rises at rise_s, is still seen at set_s, where the scan is now */
    MF_CONTACT_WHOLE = 2, /* rises at rise_s, sets at set_s */
    MF_CONTACT_EARLIER = 4, /* added: in view when the scan began, which is rise_s then */
};

/* The next window of each station, as it is sent down. */
typedef struct {
    uint32_t rise_s[MF_CONTACT_STATIONS]; /* mission time, rounded down */
    uint32_t set_s[MF_CONTACT_STATIONS];  /* rounded up */
    int16_t highest_cdeg[MF_CONTACT_STATIONS]; /* elevation at the steps, 0.01 deg */
    uint8_t state[MF_CONTACT_STATIONS]; /* enum mf_contact_state */
} mf_contact_windows_t;
_Static_assert(sizeof(mf_contact_windows_t) == 88, "windows layout");

typedef struct {
    mf_contact_windows_t windows;
    uint32_t start_s;  /* mission time */
    uint32_t elapsed_s; /* since: how far the scan has come */
    float start_part_s;
    float r_N_m[3], v_N_m_s[3]; /* there */
    float dcm_EN[9];   /* at the start */
    float margin[MF_CONTACT_STATIONS]; /* sines of elevation less lowest elevation, there */
} mf_contact_scan_t;
_Static_assert(sizeof(mf_contact_scan_t) == 192, "scan layout");

/* Mission time and orbit are known. Thread context. */
bool mf_contact_known(const mf_kernel_t *kernel);
/* A scan begins at the last control tick; MF_E_STALE, `scan` unchanged, while time or orbit are not
 * known. Thread context. */
int mf_contact_begin(const mf_kernel_t *kernel, mf_contact_scan_t *scan);
/* The next `steps`; stations[count][MF_CONTACT_STATION_SIZE]. How far the scan has come [s], or
 * MF_E_INVAL for more steps or stations than there may be. An orbit that has left its range (6.3e6
 * to 1e8 m) is seen by nobody. */
int mf_contact_step(mf_contact_scan_t *scan, const uint8_t *stations, uint32_t count,
                    uint32_t steps);

#endif
