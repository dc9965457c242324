"""Kernels of estimation and control, and the whole 10 Hz cycle; see kernels.py for the fields."""

from __future__ import annotations

from native.bare.kernel import Kernel

_MEKF = """
static const mf_mekf_params_t mekf_params = {
    .arw_rad_sqrt_s = 8.7e-5f, .rrw_rad_s_sqrt_s = 8.7e-7f, .gyro_max_rad_s = 4.0f,
    .bias_max_rad_s = 0.05f, .bias_sigma_rad_s = 0.001f, .coast_rate_rad_s = 0.01f,
    .step_max_ms = 1000u, .gap_max_ms = 10000u, .age_max_ms = 1000u, .gate_two = 25.0f,
    .gate_three = 25.0f, .reopen_ms = 30000u, .reopen_rad_sqrt_s = 0.01f,
    .reopen_rad_s_sqrt_s = 1e-5f, .sigma_lost_rad = 0.5f,
};
static mf_mekf_t mekf;
static uint64_t time_us = 1000000u;
static const float gyro[3] = {1e-4f, -2e-4f, 1e-4f};
static void start_mekf(void)
{
    static const float q_BN[4] = {0.0f, 0.0f, 0.0f, 1.0f};
    static const float covariance[9] = {1e-3f, 0.0f, 0.0f, 0.0f, 1e-3f, 0.0f, 0.0f, 0.0f, 1e-3f};
    mf_mekf_reset(&mekf);
    status |= mf_mekf_initialise(&mekf, &mekf_params, q_BN, covariance, false, time_us);
}
"""
_DIRECTION = """
static mf_mekf_direction_t direction = {
    .direction_B = {0.6f, 0.0f, 0.8f}, .direction_N = {0.6f, 0.0f, 0.8f}, .sigma_rad = 0.02f,
};
"""
_TRACKER = """
static mf_mekf_attitude_t tracker = {
    .q_BN = {0.0f, 0.0f, 0.0f, 1.0f}, .sigma_B_rad = {1e-3f, 1e-3f, 1e-3f},
};
"""
_GUIDANCE = """
static const mf_guidance_params_t guidance_params = {
    .target = MF_GUIDANCE_NADIR, .first_B = {0.0f, 0.0f, 1.0f}, .second_B = {1.0f, 0.0f, 0.0f},
    .rate_max_rad_s = 0.1f,
};
static mf_guidance_input_t guidance_in = {
    .r_N_m = {6.9e6f, 0.1e6f, 0.2e6f}, .v_N_m_s = {100.0f, 5200.0f, 5500.0f},
};
static mf_guidance_output_t guidance_out;
"""
_CONTROL = """
static const mf_control_params_t control_params = {
    .inertia_B_kg_m2 = {0.033f, 0.0f, 0.0f, 0.0f, 0.033f, 0.0f, 0.0f, 0.0f, 0.0067f},
    .natural_rad_s = 0.1f, .damping = 1.0f, .slew_max_rad_s = 0.03f, .torque_max_N_m = 1e-3f,
    .hysteresis = 0.1f,
};
static mf_control_t control;
static mf_control_input_t control_in = {
    .q_BN = {0.1f, 0.2f, 0.3f, 0.92736185f}, .omega_BN_B_rad_s = {1e-3f, 2e-3f, -1e-3f},
    .q_RN = {0.0f, 0.0f, 0.0f, 1.0f},
};
static mf_control_output_t control_out;
"""
_WHEELS = """
#define G 0.57735027f
static const mf_wheels_params_t wheels_params = {
    .axis_B = {{G, G, G}, {-G, G, G}, {-G, -G, G}, {G, -G, G}}, .inertia_kg_m2 = 1e-5f,
    .torque_max_N_m = 1e-3f, .momentum_max_N_m_s = 0.01f, .bias_N_m_s = 0.004f,
    .bias_gain_1_s = 0.02f, .horizon_s = 0.2f,
};
static const float speed_rad_s[4] = {200.0f, -150.0f, 100.0f, -220.0f};
static mf_wheels_output_t wheels_out;
"""
_CYCLE = """
static const mf_time_params_t time_params = {37, 0};
static mf_time_t now = {212000000u, 0u};
static mf_frames_t frames;
static mf_igrf_t igrf;

/* A step that must end in MF_OK, or (limited) in 1. */
static void exactly(int result)
{
    status |= -(result != MF_OK);
}

static void cycle(void)
{
    mf_day_t tt;
    float sun_N[3], distance_m, mag_N_T[3];
    time_us += 100000u;
    now.fraction = (uint16_t)(now.fraction + 6553u);
    exactly(mf_time_day(&now, &time_params, MF_TIME_TT, &tt));
    exactly(mf_frames_update(&frames, &now, &time_params));
    exactly(mf_igrf_update_N(&igrf, tt.day, &frames, guidance_in.r_N_m, mag_N_T));
    exactly(mf_sun_update(&tt, sun_N, &distance_m));
    exactly(mf_mekf_propagate(&mekf, &mekf_params, gyro, time_us));
    /* At rest in N within the gate: what is measured is what is expected. */
    direction.sample_us = time_us;
    for (int i = 0; i < 3; i++) {
        direction.direction_B[i] = direction.direction_N[i] = sun_N[i];
    }
    direction.sensor = MF_MEKF_SUN;
    exactly(mf_mekf_update_sun(&mekf, &mekf_params, &direction, true, true));
    for (int i = 0; i < 3; i++) {
        direction.direction_B[i] = direction.direction_N[i] = mag_N_T[i];
    }
    direction.sensor = MF_MEKF_MAG;
    exactly(mf_mekf_update_direction(&mekf, &mekf_params, &direction));
    exactly(mf_guidance_update(&guidance_params, &guidance_in, &guidance_out));
    for (int i = 0; i < 4; i++) {
        control_in.q_BN[i] = mekf.q_BN[i];
        control_in.q_RN[i] = guidance_out.q_RN[i];
    }
    for (int i = 0; i < 3; i++) {
        control_in.omega_BN_B_rad_s[i] = mekf.omega_BN_B_rad_s[i];
        control_in.omega_RN_R_rad_s[i] = guidance_out.omega_RN_R_rad_s[i];
        control_in.alpha_RN_R_rad_s2[i] = guidance_out.alpha_RN_R_rad_s2[i];
        control_in.momentum_B_N_m_s[i] = wheels_out.momentum_B_N_m_s[i];
    }
    status |= mf_control_update(&control, &control_params, &control_in, &control_out);
    status |= mf_wheels_allocate(&wheels_params, control_out.torque_B_N_m, speed_rad_s, 15u,
                                 &wheels_out);
}
"""

KERNELS = (
    Kernel(
        "mekf_propagate",
        ("mf_mekf.h",),
        _MEKF,
        "start_mekf();",
        "time_us += 100000u; status |= mf_mekf_propagate(&mekf, &mekf_params, gyro, time_us)",
        state="mf_mekf_t",
    ),
    Kernel(
        "mekf_update_direction",
        ("mf_mekf_update.h",),
        _MEKF + _DIRECTION,
        "(void)gyro; start_mekf();",
        "direction.sample_us = ++time_us - 1000000u + 900000u;"
        " status |= -(mf_mekf_update_direction(&mekf, &mekf_params, &direction) != MF_OK)",
    ),
    Kernel(
        "mekf_update_attitude",
        ("mf_mekf_update.h",),
        _MEKF + _TRACKER,
        "(void)gyro; start_mekf();",
        "tracker.sample_us = ++time_us - 1000000u + 900000u;"
        " status |= -(mf_mekf_update_attitude(&mekf, &mekf_params, &tracker) != MF_OK)",
    ),
    Kernel(
        "guidance_nadir",
        ("mf_guidance.h",),
        _GUIDANCE,
        "",
        "status |= mf_guidance_update(&guidance_params, &guidance_in, &guidance_out)",
    ),
    Kernel(
        "control",
        ("mf_control.h",),
        _CONTROL,
        "mf_control_reset(&control);",
        "status |= mf_control_update(&control, &control_params, &control_in, &control_out)",
    ),
    Kernel(
        "wheels",
        ("mf_wheels.h",),
        _WHEELS + "static const float torque_B_N_m[3] = {1e-4f, -2e-4f, 5e-5f};",
        "",
        "status |= mf_wheels_allocate(&wheels_params, torque_B_N_m, speed_rad_s, 15u, &wheels_out)",
    ),
    Kernel(
        "cycle_10_hz",
        (
            *("mf_control.h", "mf_guidance.h", "mf_igrf.h", "mf_mekf_update.h", "mf_sun.h"),
            "mf_wheels.h",
        ),
        _MEKF + _DIRECTION + _GUIDANCE + _CONTROL + _WHEELS + _CYCLE,
        "start_mekf(); mf_control_reset(&control); mf_frames_reset(&frames); mf_igrf_reset(&igrf);",
        "cycle()",
        limit=15000,
    ),
)
