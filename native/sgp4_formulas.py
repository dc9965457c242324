"""The formulas of SGP4, as native/generate_sgp4.py compiles them.

Source: Vallado, Crawford, Hujsak & Kelso 2006 (AIAA 2006-6753), near-earth part, whose names are
kept; WGS-72; lengths in Earth radii, times in minutes, angles in radians; the results of "vectors"
in m and m/s. Beside arithmetic there are sqrt, min, max, whole (towards zero) and sincos, which
gives two values. What is decided (drag of low orbits, Kepler's equation, refusals) is decided in
sgp4.c, between the programs.
"""

from __future__ import annotations

CONSTANTS = {
    "XKE": 0.07436691613317342,  # sqrt of gravity, Earth radii and minutes
    "J2": 0.001082616,
    "J3OJ2": -0.00000253881 / 0.001082616,
    "J4": -0.00000165597,
    "RADIUS_KM": 6378.135,
    "TURN": 6.283185307179586,
}
# Of an element set, kept from its initialisation to every propagation.
STATE = (
    "mo argpo nodeo ecco bstar no ao sinio cosio con41 x1mth2 x7thm1 mdot argpdot nodedot nodecf "
    "cc1 cc4 cc5 d2 d3 d4 t2cof t3cof t4cof t5cof eta delmo sinmao omgcof xmcof xlcof aycof"
).split()
# Set by sgp4.c before the programs of a phase run.
GIVEN = {"init": ("inclination", "motion"), "propagate": ("t",)}
PROGRAMS = {
    "init": {
        # Functions of inclination and eccentricity; Kozai's mean motion is to become Brouwer's.
        "elements": """
            sinio, cosio = sincos(inclination)
            c2 = cosio * cosio
            con41 = 3 * c2 - 1
            x1mth2 = 1 - c2
            x7thm1 = 7 * c2 - 1
            omeosq = 1 - ecco * ecco
            rteosq = sqrt(omeosq)
            d1 = 0.75 * J2 * con41 / (rteosq * omeosq)
            kozai = motion
        """,
        # Semi-major axis (XKE / motion)^(2/3): a cube root by Halley's steps from one on.
        "axis": """
            ratio = XKE / motion
            cube = ratio * ratio
            ao = 1
        """,
        "axis_step": """
            third = ao * ao * ao
            ao = ao * (third + 2 * cube) / (2 * third + cube)
        """,
        "brouwer": """
            delta = d1 / (ao * ao)
            adel = ao * (1 - delta * delta - delta * (1 / 3 + 134 / 81 * delta * delta))
            no = kozai / (1 + d1 / (adel * adel))
            motion = no
        """,
        "perigee": """
            perigee = ao * (1 - ecco)
            perigee_km = (perigee - 1) * RADIUS_KM
        """,
        # Drag: density function between 78 km and 120 km above the perigee. Secular rates of mean
        # anomaly, perigee and node by J2, J2^2 and J4.
        "rates": """
            s4 = min(max(perigee_km - 78, 20), 78)
            sfour = s4 / RADIUS_KM + 1
            tsi = 1 / (ao - sfour)
            eta = ao * ecco * tsi
            etasq = eta * eta
            eeta = ecco * eta
            psisq = max(1 - etasq, etasq - 1)
            coef = (120 - s4) / RADIUS_KM * tsi
            coef = coef * coef
            coef = coef * coef
            coef1 = coef / (psisq * psisq * psisq * sqrt(psisq))
            cc1 = bstar * coef1 * no * (ao * (1 + 1.5 * etasq + eeta * (4 + etasq)) +
                0.375 * J2 * tsi / psisq * con41 * (8 + 3 * etasq * (8 + etasq)))
            sinarg, cosarg = sincos(argpo)
            coef1 = 2 * coef1 * ao * omeosq
            cc4 = no * coef1 * (eta * (2 + 0.5 * etasq) + ecco * (0.5 + 2 * etasq) -
                J2 * tsi / (ao * psisq) *
                (0.75 * x1mth2 * (2 * etasq - eeta * (1 + etasq)) * (2 * cosarg * cosarg - 1) -
                3 * con41 * (1 - 2 * eeta + etasq * (1.5 - 0.5 * eeta))))
            cc5 = coef1 * (1 + 2.75 * (etasq + eeta) + eeta * etasq)
            t2cof = 1.5 * cc1
            sinmao, delmo = sincos(mo)
            delmo = 1 + eta * delmo
            delmo = delmo * delmo * delmo
            po = ao * omeosq
            pinvsq = 1 / (po * po)
            temp1 = 1.5 * J2 * pinvsq * no
            temp2 = 0.03125 * J2 * temp1 * pinvsq
            temp3 = -0.46875 * J4 * pinvsq * pinvsq * no
            half = 0.5 * temp1
            mdot = no + rteosq * (half * con41 + temp2 * (13 + c2 * (137 * c2 - 78)))
            argpdot = (temp2 * (7 + c2 * (395 * c2 - 114)) - half * (1 - 5 * c2) +
                temp3 * (3 + c2 * (49 * c2 - 36)))
            nodedot = cosio * (8 * temp2 * (4 - 19 * c2) + 2 * temp3 * (3 - 7 * c2) - temp1)
            nodecf = -3.5 * omeosq * temp1 * cosio * cc1
            aycof = -0.5 * J3OJ2 * sinio
            xlcof = 0.5 * aycof * (3 + 5 * cosio) / max(1 + cosio, 1.5e-12)
        """,
        # Not for circles, which have no perigee to turn.
        "eccentric": """
            omgcof = -2 * J3OJ2 * bstar * coef * tsi * no * sinio / ecco * cosarg
            xmcof = -2 / 3 * coef * bstar / eeta
        """,
        # Higher drag terms, of perigees above 220 km.
        "higher": """
            cc1sq = cc1 * cc1
            d2 = 4 * ao * tsi * cc1sq
            temp = d2 * tsi * cc1 / 3
            d3 = (17 * ao + sfour) * temp
            d4 = 0.5 * temp * ao * tsi * (221 * ao + 31 * sfour) * cc1
            t3cof = d2 + 2 * cc1sq
            t4cof = 0.25 * (3 * d3 + cc1 * (12 * d2 + 10 * cc1sq))
            t5cof = 0.2 * (3 * d4 + 12 * cc1 * d3 + 6 * d2 * d2 + 15 * cc1sq * (2 * d2 + cc1sq))
        """,
    },
    "propagate": {
        # Mean elements with secular gravity and drag.
        "mean": """
            mm = mo + mdot * t
            argpm = argpo + argpdot * t
            t2 = t * t
            nodem = nodeo + nodedot * t + nodecf * t2
            tempa = 1 - cc1 * t
            em = ecco - bstar * cc4 * t
            templ = t2cof * t2
        """,
        "mean_higher": """
            sine, near = sincos(mm)
            near = 1 + eta * near
            temp = omgcof * t + xmcof * (near * near * near - delmo)
            mm = mm + temp
            argpm = argpm - temp
            tempa = tempa - t2 * (d2 + t * (d3 + t * d4))
            sine, near = sincos(mm)
            em = em - bstar * cc5 * (sine - sinmao)
            templ = templ + t2 * t * (t3cof + t * (t4cof + t * t5cof))
        """,
        # Long-period terms, and the mean longitude without its whole turns.
        "long_period": """
            em = max(em, 1e-6)
            am = ao * tempa * tempa
            root = sqrt(am)
            sine, cosine = sincos(argpm)
            axnl = em * cosine
            temp = 1 / (am * (1 - em * em))
            aynl = em * sine + temp * aycof
            u = mm + no * templ + argpm + temp * xlcof * axnl
            u = u - TURN * whole(u / TURN)
            eo1 = u
        """,
        "kepler_step": """
            sineo1, coseo1 = sincos(eo1)
            step = ((u - aynl * coseo1 + axnl * sineo1 - eo1) /
                (1 - coseo1 * axnl - sineo1 * aynl))
            step = min(max(step, -0.95), 0.95)
            eo1 = eo1 + step
        """,
        # Short-period terms: distance, speeds along and across it, and the orientation, which they
        # turn by small angles.
        "short_period": """
            el2 = axnl * axnl + aynl * aynl
            betal = sqrt(1 - el2)
            esine = axnl * sineo1 - aynl * coseo1
            pl = am * (1 - el2)
            rl = am * (1 - axnl * coseo1 - aynl * sineo1)
            shift = esine / (1 + betal)
            sinu = am / rl * (sineo1 - aynl - axnl * shift)
            cosu = am / rl * (coseo1 - axnl + aynl * shift)
            sin2u = 2 * cosu * sinu
            cos2u = 1 - 2 * sinu * sinu
            temp1 = 0.5 * J2 / pl
            temp2 = temp1 / pl
            mrt = rl * (1 - 1.5 * temp2 * betal * con41) + 0.5 * temp1 * x1mth2 * cos2u
            temp1 = temp1 / (am * root)
            speed = 1000 * RADIUS_KM * XKE / 60
            mvt = speed * (root * esine / rl - temp1 * x1mth2 * sin2u)
            rvdot = speed * (root * betal / rl + temp1 * (x1mth2 * cos2u + 1.5 * con41))
            wave = 1.5 * temp2 * cosio
            sine, cosine = sincos(-0.25 * temp2 * x7thm1 * sin2u)
            temp = sinu * cosine + cosu * sine
            cosu = cosu * cosine - sinu * sine
            sinu = temp
            sine, cosine = sincos(wave * sinio * cos2u)
            sini = sinio * cosine + cosio * sine
            cosi = cosio * cosine - sinio * sine
            sine, cosine = sincos(nodem + wave * sin2u)
        """,
        "vectors": """
            distance = 1000 * RADIUS_KM * mrt
            ux = cosine * cosu - sine * cosi * sinu
            uy = sine * cosu + cosine * cosi * sinu
            uz = sini * sinu
            x = distance * ux
            y = distance * uy
            z = distance * uz
            vx = mvt * ux - rvdot * (cosine * sinu + sine * cosi * cosu)
            vy = mvt * uy + rvdot * (cosine * cosi * cosu - sine * sinu)
            vz = mvt * uz + rvdot * sini * cosu
        """,
    },
}
# What sgp4.c reads or sets by name, beside the state.
NAMED = "inclination motion perigee perigee_km t em tempa step mrt cosine x vx".split()
