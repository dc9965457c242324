/* Reading of two-line element sets: see mf_tle.h. */
#include "mf_tle.h"

#include "mf_math.h"

#define DEG_RAD (MF_PI / 180.0)
#define CHECKSUM 68 /* column of the checksum, counted from 0 */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool line_good(const char *line, char number)
{
    unsigned sum = 0;
    for (int i = 0; i < CHECKSUM; i++) {
        if (line[i] < ' ' || line[i] > '~') {
            return false;
        }
        sum += is_digit(line[i]) ? (unsigned)(line[i] - '0') : line[i] == '-' ? 1u : 0u;
    }
    return line[0] == number && line[1] == ' ' && is_digit(line[CHECKSUM]) &&
           sum % 10u == (unsigned)(line[CHECKSUM] - '0');
}

/* Unsigned number in columns first..last: spaces, digits, and a point at column `point` (-1: none).
 * Its digits as one integer; false for anything else, or when there is no digit. */
static bool digits(const char *line, int first, int last, int point, uint32_t *out)
{
    uint32_t value = 0;
    bool begun = false;
    for (int i = first; i <= last; i++) {
        if (i == point) {
            if (line[i] != '.') {
                return false;
            }
            begun = true;
        } else if (is_digit(line[i])) {
            if (value > (UINT32_MAX - 9u) / 10u) {
                return false; /* more than 42 turns a day */
            }
            value = value * 10u + (uint32_t)(line[i] - '0');
            begun = true;
        } else if (line[i] != ' ' || begun) {
            return false;
        }
    }
    *out = value;
    return begun;
}

static bool angle(const char *line, int first, int last, uint32_t limit_deg, double *out_rad)
{
    uint32_t value = 0;
    if (!digits(line, first, last, last - 4, &value) || value > limit_deg * 10000u) {
        return false;
    }
    *out_rad = (double)value / 1e4 * DEG_RAD;
    return true;
}

/* Sign, five digits behind an implied point, sign and digit of the power of ten. */
static bool drag(const char *line, double *out)
{
    uint32_t mantissa = 0;
    char sign = line[53];
    char power_sign = line[59];
    if ((sign != ' ' && sign != '+' && sign != '-') ||
        (power_sign != '+' && power_sign != '-' && power_sign != ' ') || !is_digit(line[60]) ||
        !digits(line, 54, 58, -1, &mantissa)) {
        return false;
    }
    int power = line[60] - '0';
    power = (power_sign == '-' ? -power : power) - 5;
    double scale = 1.0;
    for (int i = power < 0 ? -power : power; i > 0; i--) {
        scale *= 10.0; /* exact to 10^22 */
    }
    double size = power < 0 ? (double)mantissa / scale : (double)mantissa * scale;
    *out = sign == '-' ? -size : size;
    return true;
}

/* Year of two digits (57..99: last century) and day of the year, as a day number. */
static bool epoch(const char *line, mf_tle_t *out)
{
    uint32_t year = 0;
    uint32_t day = 0;
    uint32_t fraction = 0;
    if (!digits(line, 18, 19, -1, &year) || !digits(line, 20, 22, -1, &day) || line[23] != '.' ||
        !digits(line, 24, 31, -1, &fraction)) {
        return false;
    }
    int32_t since_2000 = (int32_t)year - (year >= 57u ? 100 : 0);
    bool leap = since_2000 % 4 == 0; /* 1957..2056 holds no exception */
    if (day < 1u || day > (leap ? 366u : 365u)) {
        return false;
    }
    /* One leap day per four years, 2000 itself counting from its end. */
    int32_t leap_days = since_2000 > 0 ? (since_2000 + 3) / 4 : since_2000 / 4;
    out->epoch_day = since_2000 * 365 + leap_days + (int32_t)day - 1;
    out->epoch_fraction_e8 = fraction;
    return true;
}

int mf_tle_parse(const char *line1, const char *line2, mf_tle_t *out)
{
    if (!line_good(line1, '1') || !line_good(line2, '2')) {
        return MF_E_BADMSG;
    }
    for (int i = 2; i < 7; i++) {
        if (line1[i] != line2[i]) {
            return MF_E_BADMSG;
        }
    }
    mf_tle_t tle = {0};
    uint32_t eccentricity = 0;
    uint32_t revolutions = 0; /* per day, 1e-8 */
    if (!epoch(line1, &tle) || !drag(line1, &tle.bstar_per_radius) ||
        !digits(line2, 26, 32, -1, &eccentricity) || !digits(line2, 52, 62, 54, &revolutions)) {
        return MF_E_BADMSG;
    }
    if (!angle(line2, 8, 15, 180, &tle.inclination_rad) || !angle(line2, 17, 24, 360, &tle.raan_rad) ||
        !angle(line2, 34, 41, 360, &tle.arg_perigee_rad) ||
        !angle(line2, 43, 50, 360, &tle.mean_anomaly_rad) || revolutions == 0) {
        return MF_E_INVAL;
    }
    tle.eccentricity = (double)eccentricity / 1e7;
    tle.mean_motion_rad_min = (double)revolutions / 1e8 / (1440.0 / MF_TWO_PI);
    *out = tle;
    return MF_OK;
}
