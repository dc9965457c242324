/* Status codes: 0 or a negative POSIX errno, so that one int carries a count or an error,
 * C, the device-bus protocol and Python's OSError all speak of the same numbers. */
#ifndef MF_STATUS_H
#define MF_STATUS_H

enum mf_status {
    MF_OK = 0,
    MF_E_IO = -5,          /* bus error, lost arbitration, data byte refused */
    MF_E_BUSY = -16,       /* still queued or on the wire; resource taken */
    MF_E_NODEV = -19,      /* address not acknowledged, or nothing behind a chip select */
    MF_E_INVAL = -22,      /* argument out of range */
    MF_E_NOSPC = -28,      /* queue or FIFO full */
    MF_E_RANGE = -34,      /* value read is outside what the part can give */
    MF_E_BADMSG = -74,     /* malformed frame, packet or record */
    MF_E_BADID = -84,      /* the part answers, but is another part */
    MF_E_RESET = -104,     /* the world pulls the reset line: reset now (device bus only) */
    MF_E_STALE = -116,     /* too old, or of too far a time, to be used */
    MF_E_TIMEOUT = -110,   /* the part or the peripheral did not finish in time */
};

#endif
