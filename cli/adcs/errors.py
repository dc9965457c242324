"""What is wrong with the sensors of a real satellite, as errors added to those of the rig.

Sizes are those of docs/adcs.md ("Errors of the sensors"); directions and signs come from the seed.
Nothing on board knows of any of them but for the magnetometers' calibration in flight. The Earth's
light is that of sim/albedo.py with a reflectivity that changes from place to place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from cli.adcs.builds import Array
from cli.adcs.loop import AXES, DEG, FSS_BS, MISSION_S, Flight
from sim.albedo import patches

MAG_BIAS_T, MAG_SCALE, MAG_SKEW, MAG_OFF_DEG = 1.5e-6, 0.01, 0.005, 0.3
# What crust and currents add to the main field: slow along the orbit.
MODEL_T, MODEL_PERIODS_S = 5e-8, (830.0, 1240.0, 1910.0)
GYRO_SCALE, GYRO_OFF_DEG, GYRO_WALK = 5e-3, 0.3, 8.7e-7
FSS_OFF_DEG, FSS_NOISE_RAD, FSS_EARTH, FSS_VIEW = 0.15, 1e-3, 0.1, 0.5
CSS_GAIN, CSS_OFF_DEG, CSS_VIEW, CSS_NOISE = 0.03, 1.0, float(np.cos(80 * DEG)), 0.005
REFLECTIVITY, CLOUDS, CLOUD_1_RAD = 0.3, 0.5, 6.0
CLOCK_S = 0.1
TRACKER_OFF_DEG, TRACKER_NOISE_RAD = 0.015, np.array([5e-5, 5e-5, 3e-4])


class Errors:
    """Called with a flight and its input before every step, as `Flight.spoil`.

    `share` of the magnetometers' bias, scale and skew is there: 1 before they are calibrated.
    """

    def __init__(self, share: float = 1.0, tracker: bool = False, seed: int = 1) -> None:
        rng = np.random.default_rng([seed, 4])

        def direction() -> Array:
            v = rng.normal(size=3)
            return np.asarray(v / np.linalg.norm(v))

        def turn(angle_deg: float) -> Array:
            return Rotation.from_rotvec(angle_deg * DEG * direction()).as_matrix()

        self.tracker, self.rng = tracker, rng
        self.mag_bias = [share * MAG_BIAS_T * direction() for _ in range(2)]
        self.mag_matrix = []
        for _ in range(2):
            off = np.diag(rng.choice([-1.0, 1.0], 3) * MAG_SCALE)
            off[np.triu_indices(3, 1)] = rng.choice([-1.0, 1.0], 3) * MAG_SKEW
            self.mag_matrix.append((np.eye(3) + share * off) @ turn(MAG_OFF_DEG))
        self.model_phase = rng.uniform(0, 2 * np.pi, (3, 3))
        scale = np.diag(1.0 + GYRO_SCALE * rng.choice([-1.0, 1.0], 3))
        self.gyro_matrix, self.gyro_drift = scale @ turn(GYRO_OFF_DEG), np.zeros(3)
        self.fss_turn = turn(FSS_OFF_DEG)
        self.css_axes = np.array([turn(CSS_OFF_DEG) @ axis for axis in AXES])
        self.css_gain = 1.0 + CSS_GAIN * rng.normal(size=6)
        self.tracker_off = TRACKER_OFF_DEG * DEG * direction()
        self.cloud_axes, self.cloud_phase = rng.normal(size=(2, 3)), rng.uniform(0, 6.28, 2)
        self.cloud_axes /= np.linalg.norm(self.cloud_axes, axis=1)[:, None]
        self.earth_s = -1e9
        self.earth_N: Array = np.zeros((0, 3))
        self.earth_share: Array = np.zeros(0)

    def _earth(self, flight: Flight) -> None:
        """Bright patches of the Earth in N, once in ten seconds."""
        if abs(flight.t - self.earth_s) < 10.0:
            return
        self.earth_s = flight.t
        r = flight.here("r")
        direction, share = patches(r[None, :], flight.here("sun")[None, :], REFLECTIVITY)
        ground = r / np.linalg.norm(r) + 0.1 * direction[0]
        first, second = np.sin(CLOUD_1_RAD * ground @ self.cloud_axes.T + self.cloud_phase).T
        self.earth_N, self.earth_share = direction[0], share[0] * (1.0 + CLOUDS * first * second)

    def __call__(self, flight: Flight, in_: Any) -> None:
        whole = MISSION_S + flight.t + CLOCK_S
        in_.mission.seconds = int(whole)
        in_.mission.fraction = round((whole - int(whole)) * 65536) & 0xFFFF
        self._field(flight, in_)
        gyro = np.array(list(in_.gyro.value_S)) - flight.gyro_bias
        self.gyro_drift = self.gyro_drift + self.rng.normal(size=3) * GYRO_WALK * np.sqrt(0.1)
        in_.gyro.value_S = (self.gyro_matrix @ gyro + flight.gyro_bias + self.gyro_drift).tolist()
        self._earth(flight)
        self._fine(flight, in_)
        if in_.css_fresh:
            self._coarse(flight, in_)
        if self.tracker and flight.tick % 10 == 0:
            off = self.tracker_off + self.rng.normal(size=3) * TRACKER_NOISE_RAD
            seen = Rotation.from_quat(flight.body.q_BN) * Rotation.from_rotvec(off)
            in_.q_SN_tracker = seen.as_quat().tolist()
            in_.tracker_age_ms, in_.tracker_fresh = 0, True

    def _field(self, flight: Flight, in_: Any) -> None:
        if not in_.mag[0].fresh:
            return
        angles = 2 * np.pi * flight.t / np.array(MODEL_PERIODS_S)
        extra_N = MODEL_T * np.sin(angles + self.model_phase).sum(axis=1)
        extra = flight.body.dcm_BN @ extra_N
        for k in range(2):
            seen = np.array(list(in_.mag[k].value_S)) + extra
            in_.mag[k].value_S = (self.mag_matrix[k] @ seen + self.mag_bias[k]).tolist()

    def _fine(self, flight: Flight, in_: Any) -> None:
        """Direction of all the light it sees; the Earth's counts little."""
        if not in_.fss.fresh or in_.fss.dark:
            return
        dcm_SN = self.fss_turn @ FSS_BS.T @ flight.body.dcm_BN
        seen = self.earth_N @ dcm_SN.T
        view = seen[:, 2] > FSS_VIEW
        light = flight.light * dcm_SN @ flight.here("sun")
        light = light + FSS_EARTH * (self.earth_share * view) @ seen
        light = light / np.linalg.norm(light) + self.rng.normal(size=3) * FSS_NOISE_RAD
        in_.fss.value_S = (light / np.linalg.norm(light)).tolist()

    def _coarse(self, flight: Flight, in_: Any) -> None:
        """Cosine of the angle to the Sun and to every patch, within the field of view."""
        axes_N = self.css_axes @ flight.body.dcm_BN
        sun, earth = axes_N @ flight.here("sun"), axes_N @ self.earth_N.T
        light = flight.light * np.where(sun > CSS_VIEW, sun, 0.0)
        light = light + np.where(earth > CSS_VIEW, earth, 0.0) @ self.earth_share
        light = self.css_gain * light + CSS_NOISE * self.rng.normal(size=6)
        in_.css_V = (2.5 * np.clip(light, 0.0, 1.5)).tolist()
