/* CT-RNN and neural ODE over packed sequences: step t has the first sizes[t] rows of the batch, fewer from step to step,
   and lies behind step t - 1; N = sum of sizes. h: (N). mask: (N) bool or NULL; a masked step keeps the state and hands
   its gradient on to the step before. drive, out: (N, H). state, g: (B, H). c, b: (stages). Of each step t, points, f
   and g_a are (unfolds, stages, sizes[t], H), within is (unfolds, sizes[t], H). */

#include "solver.h"

/* state: before the first step, and after each row's last. points, f: NULL where no gradient is wanted. */
void solver_forward(int64_t T, const int64_t *sizes, int64_t B, int64_t H, int64_t unfolds, int64_t stages,
                    const float *c, const float *b, int64_t decays, int64_t bounded, float clip, const float *gain,
                    const float *weight, const float *h, const unsigned char *mask, const float *drive, float *state,
                    float *points, float *f, unsigned char *within, float *out) {
    Equation e = {H, unfolds, stages, bounded, decays, clip, c, b, gain, room(packed_size(H, H))};
    pack(H, H, weight, 1, H, e.weight);
    float *y = room(BLOCK * H), *scratch = room(3 * BLOCK * H), *unkept = room(2 * BLOCK * H);
    unsigned char *unused = calloc(BLOCK * H, 1);
    for (int64_t first = 0; first < B; first += BLOCK)
        for (int64_t t = 0, n = 0; t < T && first < sizes[t]; n += sizes[t++]) {
            int64_t rows = sizes[t] - first < BLOCK ? sizes[t] - first : BLOCK;
            int64_t many = unfolds * stages, at = (n * many + first) * H, stride = f ? sizes[t] * H : 0;
            memcpy(y, state + first * H, rows * H * sizeof(float));
            solve(&e, rows, stride, h + n + first, drive + (n + first) * H, y, f ? points + at : unkept,
                  f ? f + at : unkept + BLOCK * H, within ? within + (n * unfolds + first) * H : unused, scratch);
            for (int64_t r = 0; r < rows; r++)
                if (!mask || mask[n + first + r]) memcpy(state + (first + r) * H, y + r * H, H * sizeof(float));
            memcpy(out + (n + first) * H, state + first * H, rows * H * sizeof(float));
        }
    free(e.weight), free(y), free(scratch), free(unkept), free(unused);
}

/* g: of the state after each row's last step, and of that before the first. Adds to g_drive (N, H) and g_gain (H). */
void solver_backward(int64_t T, const int64_t *sizes, int64_t B, int64_t H, int64_t unfolds, int64_t stages,
                     const float *c, const float *b, int64_t decays, int64_t bounded, float clip, const float *gain,
                     const float *weight, const float *h, const unsigned char *mask, const float *f,
                     const unsigned char *within, const float *g_out, float *g, float *g_a, float *g_drive,
                     float *g_gain) {
    Equation e = {H, unfolds, stages, bounded, decays, clip, c, b, gain, room(packed_size(H, H))};
    pack(H, H, weight, H, 1, e.weight);
    float *now = room(BLOCK * H), *scratch = room(2 * BLOCK * H), *of_gain = room(H);
    int64_t N = total(T, sizes), many = unfolds * stages;
    for (int64_t first = 0; first < B; first += BLOCK)
        for (int64_t t = T - 1, n = N; t >= 0; t--) {
            n -= sizes[t];
            if (first >= sizes[t]) continue;
            int64_t rows = sizes[t] - first < BLOCK ? sizes[t] - first : BLOCK, stride = sizes[t] * H;
            int64_t end = (n * many + first + many * sizes[t]) * H, row = n + first;
            const unsigned char *here = mask ? mask + row : NULL;
            for (int64_t r = 0; r < rows; r++) {
                float *gr = g + (first + r) * H;
                for (int64_t j = 0; j < H; j++) gr[j] += g_out[(row + r) * H + j];
                for (int64_t j = 0; j < H; j++) now[r * H + j] = here && !here[r] ? 0.0f : gr[j];
            }
            memset(of_gain, 0, H * sizeof(float)); /* summed step by step, so that little is rounded away */
            solve_back(&e, rows, stride, h + row, f + end, within ? within + (n + sizes[t]) * unfolds * H + first * H : NULL,
                       now, g_a + end, g_drive + row * H, of_gain, scratch);
            for (int64_t j = 0; j < H; j++) g_gain[j] += of_gain[j];
            for (int64_t r = 0; r < rows; r++)
                if (!here || here[r]) memcpy(g + (first + r) * H, now + r * H, H * sizeof(float));
        }
    free(e.weight), free(now), free(scratch), free(of_gain);
}
